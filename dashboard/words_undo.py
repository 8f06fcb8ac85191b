"""What is said about removals and how to take them back, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "undo_removed": (
        "“{name}” was removed. It stays in the bin for {days} days (page Scenes).",
        "已删除“{name}”。它将在回收站保留 {days} 天（见“影像”页面）。",
    ),
    "undo_remove": ("Undo", "撤销"),
    "undo_dismiss": ("Close", "关闭"),
    "section_bin": ("Bin", "回收站"),
    "bin_none_title": ("The bin is empty", "回收站为空"),
    "bin_none": (
        "Scenes, areas, ensembles and samples that are removed stay here for {days} days, with"
        " all that went with them.",
        "删除的影像、范围、集成和样本连同其附属内容在此保留 {days} 天。",
    ),
    "bin_text": (
        "{n} removed, {size}. Each is deleted for good {days} days after its removal.",
        "共 {n} 项，{size}。每项在删除 {days} 天后永久清除。",
    ),
    "bin_empty": ("Empty the bin", "清空回收站"),
    "bin_empty_sure": (
        "{n} removed things ({size}) are deleted for good, for everyone. This cannot be undone.",
        "将为所有人永久清除 {n} 项已删除内容（{size}），无法撤销。",
    ),
    "bin_empty_yes": ("Delete for good", "永久清除"),
    "bin_restore": ("Restore", "恢复"),
    "bin_maps": ("maps: {n}", "制图 {n} 幅"),
    "bin_areas": ("measured areas: {n}", "面积统计 {n} 项"),
    "bin_samples": ("samples: {n}", "样本 {n} 份"),
    "bin_left": ("days left: {n}", "还保留 {n} 天"),
    "bin_kind_scene": ("scene", "影像"),
    "bin_kind_area": ("area", "范围"),
    "bin_kind_ensemble": ("ensemble", "集成"),
    "bin_kind_sample": ("sample", "样本"),
}
