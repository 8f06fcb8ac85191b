"""Everything the dashboard says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dashboard import (
    words_accuracy,
    words_areas,
    words_compare,
    words_downloads,
    words_film,
    words_landcover,
    words_links,
    words_models,
    words_scenes,
    words_undo,
)
from dashboard.session import Language

Words = Callable[..., str]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Farmland of Shanghai", "上海耕地"),
    "tagline": ("WorldView-3 · area and change", "WorldView-3 影像 · 面积与变化"),
    "opening": ("The page is opening…", "页面正在打开…"),
    "explore": ("Explore", "浏览"),
    "language": ("Language", "语言"),
    "region": ("Region", "区域"),
    "overview": ("Shanghai and its regions with data", "上海市及有数据的区域"),
    "date": ("Date", "日期"),
    "models": ("Models", "模型"),
    "models_help": (
        "One model, or several: their mean is mapped as an ensemble.",
        "可选一个模型；选多个时，以其平均值作为集成结果制图。",
    ),
    "view": ("View", "视图"),
    "view_overlay": ("Overlay", "叠加"),
    "view_swipe": ("Swipe", "卷帘"),
    "view_side": ("Two maps", "双图"),
    "colour": ("Imagery", "影像"),
    "true_colour": ("True colour", "真彩色"),
    "false_colour": ("False colour", "假彩色"),
    "no_false_colour": (
        "This scene has no near infrared band; it is shown in true colour.",
        "该影像没有近红外波段，以真彩色显示。",
    ),
    "unit": ("Unit", "单位"),
    "ha": ("ha", "公顷"),
    "km2": ("km²", "平方公里"),
    "mu": ("mu", "亩"),
    "area": ("Farmland", "耕地面积"),
    "share": ("Share", "占比"),
    "change": ("Since {date}", "较 {date}"),
    "change_none": ("Change", "变化"),
    "valid": ("Valid area", "有效面积比例"),
    "first_date": ("first date", "首个日期"),
    "not_yet": ("not yet", "尚无"),
    "area_help": (
        "Mapped area: pixels with a probability of at least {threshold}, each with its area on the"
        " ellipsoid. A pixel count, not an adjusted estimate, and without an interval.",
        "制图面积：概率不低于 {threshold} 的像元，按椭球面面积累加。"
        "这是像元统计，不是校正后的估计值，也没有置信区间。",
    ),
    "mapped_note": (
        "Mapped area (pixel count, not an adjusted estimate) · threshold {threshold}",
        "制图面积（像元统计，非校正估计）· 阈值 {threshold}",
    ),
    "share_help": (
        "Farmland divided by the part of the region, or of the area of your own, that has data.",
        "耕地面积除以区域（或自定义范围）内有数据的面积。",
    ),
    "valid_help": (
        "Part of the region, or of the area of your own, that the scene covers with data.",
        "区域（或自定义范围）内影像有效数据所占比例。",
    ),
    "change_help": (
        "Difference of two mapped areas; shifts of a few percent may be noise.",
        "两次制图面积之差；几个百分点的变化可能是误差。",
    ),
    "chart": ("Farmland area over time", "耕地面积变化"),
    "chart_hint": ("Click a point to go to its date.", "点击数据点可跳转到该日期。"),
    "ensemble": ("Ensemble", "集成"),
    "ensemble_of": ("Ensemble of {n}", "{n} 个模型集成"),
    "overlay": ("Farmland overlay", "耕地叠加层"),
    "threshold": ("Threshold", "阈值"),
    "opacity": ("Opacity", "不透明度"),
    "shade": ("Shade by probability", "按概率着色"),
    "farmland": ("Farmland (p ≥ threshold)", "耕地（p ≥ 阈值）"),
    "left": ("Imagery", "影像"),
    "right": ("Imagery + farmland", "影像 + 耕地"),
    "swipe": ("Divider between imagery and farmland", "影像与耕地的分隔线"),
    "map": ("Map of imagery and farmland", "影像与耕地地图"),
    "simulated": ("SIMULATED SCENE", "模拟影像"),
    "simulated_note": (
        "Simulated imagery: nothing on it is a statement about the real place.",
        "模拟影像：其内容不代表真实地点的情况。",
    ),
    "pending": (
        "No farmland map of this date yet. It is being computed.",
        "该日期尚无耕地图，正在计算。",
    ),
    "missing": ("No farmland map of this date yet.", "该日期尚无耕地图。"),
    "computing": ("Computing {model} · {date}", "正在计算 {model} · {date}"),
    "queued": ("{n} more waiting", "另有 {n} 项等待"),
    "time_left": ("about {time} left", "约剩 {time}"),
    "seconds": ("{n} s", "{n} 秒"),
    "minutes": ("{n} min", "{n} 分钟"),
    "cancel": ("Cancel", "取消"),
    "compute": ("Compute", "计算"),
    "compute_others": ("Compute the missing dates ({n})", "计算缺少的日期（{n}）"),
    "no_scenes_title": ("There are no scenes yet", "还没有影像"),
    "no_scenes": (
        "Add the simulated sample scenes with `satseg sample`, or your own image with"
        " `satseg scenes add FILE --date YYYY-MM-DD`. Then reload this page.",
        "运行 `satseg sample` 添加模拟样例影像，或用 `satseg scenes add FILE --date YYYY-MM-DD`"
        " 添加自己的影像，然后刷新页面。",
    ),
    "no_models_title": ("There are no models yet", "还没有模型"),
    "no_models": (
        "The folder {folder} holds no model card. Train one with `satseg train CONFIG`, or point"
        " SATSEG_MODELS to a folder that has one. Imagery can be explored meanwhile.",
        "文件夹 {folder} 中没有模型卡。可用 `satseg train CONFIG` 训练，"
        "或将 SATSEG_MODELS 指向已有模型的文件夹。此前仍可浏览影像。",
    ),
    "choose_model": ("Choose a model to see farmland.", "请选择模型以查看耕地。"),
    "lacks_bands": (
        "{model} needs the bands {needed}; this scene has {found}. Choose another model or date.",
        "{model} 需要波段 {needed}；该影像只有 {found}。请选择其他模型或日期。",
    ),
    "failed": ("{model} could not be computed for {date}", "{model} 无法计算 {date}"),
    "expected": ("Expected", "应为"),
    "found": ("Found", "实际"),
    "fix": ("What to do", "解决办法"),
    "error": ("Something is not as it should be", "出现问题"),
    "unexpected": (
        "The dashboard met an error of its own. The server's log has the details; reload the page.",
        "仪表板出现内部错误，详情见服务器日志；请刷新页面。",
    ),
    "with_data": ("{n} dates", "{n} 个日期"),
    "no_data": ("no scenes", "没有影像"),
    **words_accuracy.WORDS,
    **words_areas.WORDS,
    **words_compare.WORDS,
    **words_downloads.WORDS,
    **words_film.WORDS,
    **words_landcover.WORDS,
    **words_links.WORDS,
    **words_scenes.WORDS,
    **words_models.WORDS,
    **words_undo.WORDS,
}


def words(language: Language) -> Words:
    """Return the function that says a word of ``WORDS`` in a language, with its blanks filled."""
    column = 0 if language == "en" else 1

    def say(key: str, **blanks: object) -> str:
        return WORDS[key][column].format(**blanks)

    return say
