"""What the page Compare says, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "compare": ("Compare", "对比"),
    "compare_lead": (
        "What became of the farmland between two dates.",
        "两个日期之间耕地的变化。",
    ),
    "dates": ("From and to", "起止日期"),
    "model": ("Model", "模型"),
    "view_change": ("Change", "变化"),
    "one_date_title": ("This region has one date only", "该区域只有一个日期"),
    "one_date": (
        "Two dates are needed for a comparison. Choose another region, or add a scene of this one.",
        "对比需要两个日期。请选择其他区域，或为该区域添加影像。",
    ),
    "change_overlay": ("Change of farmland", "耕地变化"),
    "both": ("Farmland on both dates", "两个日期均为耕地"),
    "gain": ("Gained", "新增"),
    "loss": ("Lost", "减少"),
    "earlier_of": ("{date} (earlier)", "{date}（较早）"),
    "later_of": ("{date} (later)", "{date}（较晚）"),
    "kept": ("Farmland on both", "均为耕地"),
    "net": ("Net change", "净变化"),
    "common": ("Seen on both dates", "两期均有数据"),
    "common_help": (
        "Share of the region that has data on both dates; figures are for this part.",
        "区域内两个日期均有数据的比例；数值仅针对该部分。",
    ),
    "change_figures_help": (
        "Mapped areas at a probability of at least {threshold}: they carry the errors of both maps,"
        " and a shift between the scenes shows as change along every border.",
        "概率不低于 {threshold} 的制图面积：包含两期制图误差；影像间的错位会沿边界表现为变化。",
    ),
    "change_note": (
        "Mapped change · threshold {threshold} on both dates. For areas with intervals label the"
        " same points on both dates on the page Accuracy.",
        "制图变化 · 两期阈值均为 {threshold}。"
        "如需带置信区间的面积，请在“精度评估”页标注两期的相同样点。",
    ),
    "table_title": ("From row to column, {unit}", "由行到列（{unit}）"),
    "patches_title": ("Biggest changes", "最大变化图斑"),
    "patches_find": ("Find the biggest changes", "查找最大变化图斑"),
    "patches_busy": ("Looking through both maps", "正在比较两期制图"),
    "patches_none": ("No patch of change is large enough to list.", "没有足够大的变化图斑。"),
    "patch_gain": ("＋ {area} {unit}", "＋ {area} {unit}"),
    "patch_loss": ("− {area} {unit}", "− {area} {unit}"),
    "whole_region": ("Show the whole region", "显示整个区域"),
    "compute_both": (
        "The maps of both dates are needed; they are being computed.",
        "需要两期的耕地图，正在计算。",
    ),
}
