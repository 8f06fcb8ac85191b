"""What the page Compare says, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "compare": ("Compare", "对比"),
    "kind": ("What to compare", "对比内容"),
    "kind_dates": ("Two dates", "两个日期"),
    "kind_models": ("Two models", "两个模型"),
    "lead_dates": (
        "What became of the farmland between two dates.",
        "两个日期之间耕地的变化。",
    ),
    "lead_models": (
        "Where two models see farmland on the same date, and where only one does.",
        "同一日期两个模型的耕地识别结果有何异同。",
    ),
    "dates": ("From and to", "起止日期"),
    "model": ("Model", "模型"),
    "two_models": ("Models", "模型"),
    "first": ("First model", "模型一"),
    "second": ("Second model", "模型二"),
    "view_dates": ("Change", "变化"),
    "view_models": ("Overlay", "叠加"),
    "one_date_title": ("This region has one date only", "该区域只有一个日期"),
    "one_date": (
        "Two dates are needed for a comparison. Choose another region, or add a scene of this one.",
        "对比需要两个日期。请选择其他区域，或为该区域添加影像。",
    ),
    "one_model_title": ("There is one model only", "只有一个模型"),
    "one_model": (
        "Two models are needed for this comparison. Train another one with `satseg train CONFIG`,"
        " or compare two dates.",
        "该对比需要两个模型。可用 `satseg train CONFIG` 训练另一个模型，或对比两个日期。",
    ),
    "change_overlay": ("Change of farmland", "耕地变化"),
    "models_overlay": ("Difference of models", "模型差异"),
    "both": ("Farmland on both dates", "两个日期均为耕地"),
    "gain": ("Gained", "新增"),
    "loss": ("Lost", "减少"),
    "neither": ("Farmland on neither date", "两个日期均非耕地"),
    "both_models": ("Both models", "两个模型均为耕地"),
    "only_model": ("Only {name}", "仅 {name}"),
    "neither_model": ("Neither model", "两个模型均非耕地"),
    "alike": ("Same answer", "结果一致"),
    "threshold_of": ("Threshold, {name}", "阈值（{name}）"),
    "earlier_of": ("{date} (earlier)", "{date}（较早）"),
    "later_of": ("{date} (later)", "{date}（较晚）"),
    "swipe_dates": ("Divider between the two dates", "两个日期之间的分隔线"),
    "swipe_models": ("Divider between the two models", "两个模型之间的分隔线"),
    "kept": ("Farmland on both", "均为耕地"),
    "net": ("Net change", "净变化"),
    "common_dates": ("Seen on both dates", "两期均有数据"),
    "common_models": ("Seen by both models", "两个模型均有数据"),
    "common_help": (
        "Share of the region, or of the area of your own, that has data on both maps; figures are"
        " for this part.",
        "区域（或自定义范围）内两幅图均有数据的比例；数值仅针对该部分。",
    ),
    "change_figures_help": (
        "Mapped areas at a probability of at least {threshold}: they carry the errors of both maps,"
        " and a shift between the scenes shows as change along every border.",
        "概率不低于 {threshold} 的制图面积：包含两期制图误差；影像间的错位会沿边界表现为变化。",
    ),
    "note_dates": (
        "Mapped change · threshold {threshold} on both dates. For areas with intervals label the"
        " same points on both dates on the page Accuracy.",
        "制图变化 · 两期阈值均为 {threshold}。"
        "如需带置信区间的面积，请在“精度评估”页标注两期的相同样点。",
    ),
    "note_models": (
        "Mapped difference · threshold {threshold}. Which model is right, a sample tells: see the"
        " page Accuracy.",
        "制图差异 · 阈值 {threshold}。哪个模型更准确需由样本判断，见“精度评估”页。",
    ),
    "flow_dates": ("Where the ground went, {unit}", "地类流向（{unit}）"),
    "flow_models": ("What both models say, {unit}", "两个模型的结果对照（{unit}）"),
    "table_title": ("From row to column, {unit}", "由行到列（{unit}）"),
    "patches_dates": ("Biggest changes", "最大变化图斑"),
    "patches_models": ("Biggest differences", "最大差异图斑"),
    "find_dates": ("Find the biggest changes", "查找最大变化图斑"),
    "find_models": ("Find the biggest differences", "查找最大差异图斑"),
    "patches_busy": ("Looking through both maps", "正在比较两幅图"),
    "patches_none": ("No patch is large enough to list.", "没有足够大的图斑。"),
    "patch_gain": ("＋ {area} {unit}", "＋ {area} {unit}"),
    "patch_loss": ("− {area} {unit}", "− {area} {unit}"),
    "whole_region": ("Show the whole region", "显示整个区域"),
    "compute_both": (
        "Both maps are needed; they are being computed.",
        "需要两幅耕地图，正在计算。",
    ),
}
