"""What is said about classes of the land, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "classes": ("Land cover", "土地覆被"),
    "class": ("Class", "类别"),
    "classes_note": (
        "Mapped area: every pixel counts for its likeliest class, whatever the threshold.",
        "制图面积：每个像元计入概率最大的类别，与阈值无关。",
    ),
    "charted": ("Chart", "图表"),
    "charted_farmland": ("Farmland (p ≥ threshold)", "耕地（p ≥ 阈值）"),
    "charted_all": ("All classes, stacked", "全部类别（堆叠）"),
    "class_chart": ("Area by class over time", "各类别面积变化"),
    "paint_classes": ("Classes", "类别"),
    "download_classes": ("Classes", "类别栅格"),
    "download_about_classes": (
        "GeoTIFF of the likeliest class: its code and colour; 255 no data.",
        "概率最大类别的 GeoTIFF：类别代码与颜色；255 无数据。",
    ),
}
