"""What is said about links to views, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "link_copy": ("Copy link", "复制链接"),
    "link_help": (
        "Copies the address of exactly this view.",
        "复制当前视图的链接。",
    ),
    "link_copied": ("Copied", "已复制"),
    "link_failed": ("Copy the address above", "请复制地址栏"),
    "link_ignored": (
        "Part of the link is out of date and was left out: {names}.",
        "链接中的部分内容已失效，已忽略：{names}。",
    ),
}
