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
    "class_scores": ("IoU by class", "各类别 IoU"),
    "class_mean": ("Mean", "平均"),
    "class_scores_note": (
        "Where the truth tells the classes apart. Every pixel counts for its likeliest class; ponds"
        " count as water, and land of a kind that is not among the classes, such as grass, only for"
        " and against farmland.",
        "仅限真值区分类别的数据集。每个像元计入概率最大的类别；鱼塘计为水体；"
        "不属于所列类别的土地（如草地）只参与耕地的评测。",
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
