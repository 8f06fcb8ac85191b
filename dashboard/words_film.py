"""What is said about the film of the dates, the stage and the map, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "film": ("Film of the dates", "时序播放"),
    "play": ("Play the dates (space)", "播放（空格键）"),
    "pause": ("Pause (space)", "暂停（空格键）"),
    "speed": ("Speed", "速度"),
    "frame": ("Date of the film", "播放日期"),
    "present": ("Present on the full screen", "全屏演示"),
    "leave": ("Leave the presentation (Esc)", "退出演示（Esc）"),
    "north": ("N", "北"),
    "north_up": ("North is at the top", "上方为北"),
    "farmland_short": ("Farmland", "耕地"),
}
