"""What figures and reports say, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from satseg.export.subject import Language

Words = Callable[..., str]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "ha": ("ha", "公顷"),
    "km2": ("km²", "平方公里"),
    "mu": ("mu", "亩"),
    "farmland": ("Farmland", "耕地"),
    "farmland_key": ("Farmland (p ≥ {threshold})", "耕地（p ≥ {threshold}）"),
    "outline_key": ("Outline of the area measured", "测算范围"),
    "no_data_key": ("No data", "无数据"),
    "share_of_valid": ("{share} of the area with data", "占有效面积的 {share}"),
    "valid_share": ("data for {share} of the area", "有效数据覆盖 {share}"),
    "mapped_area": ("Mapped area", "制图面积"),
    "simulated": ("SIMULATED SCENE", "模拟影像"),
    "simulated_word": ("simulated", "模拟"),
    "imagery": ("Imagery", "影像"),
    "bands_and_gsd": ("{bands} bands, {gsd} m", "{bands} 波段，{gsd} 米"),
    "software": ("Software", "软件"),
    "ensemble_of": ("mean of {members}", "{members} 的平均"),
    "north": ("N", "北"),
    "title": ("Farmland of {place}", "{place}耕地"),
    "period": ("{first} to {last}", "{first} 至 {last}"),
    "summary_one": (
        "On {date} the map shows {area} {unit} of farmland, {share} of the area with data.",
        "{date} 制图耕地面积 {area} {unit}，占有效面积的 {share}。",
    ),
    "summary_change": (
        "From {first} to {last} the mapped farmland went from {before} to {after} {unit}"
        " ({change} {unit}, {percent}).",
        "{first} 至 {last}，制图耕地面积由 {before} 变为 {after} {unit}"
        "（{change} {unit}，{percent}）。",
    ),
    "summary_uneven": (
        "The first and the last date do not show the same share of the area, so no change is"
        " given between them.",
        "首末两期有效数据覆盖不同，因此不给出变化量。",
    ),
    "simulated_note": (
        "Simulated imagery: nothing here is a statement about the real place.",
        "模拟影像：本报告内容不代表真实地点的情况。",
    ),
    "maps": ("Maps", "地图"),
    "maps_note": (
        "The latest {n} dates are shown; {left} earlier ones are in the table.",
        "仅显示最近 {n} 期；更早的 {left} 期见表格。",
    ),
    "chart": ("Farmland area over time", "耕地面积变化"),
    "chart_alt": ("Chart of farmland area by date.", "各日期耕地面积图。"),
    "map_alt": ("Map of farmland on {date}.", "{date} 耕地分布图。"),
    "adjusted": ("Adjusted area, 95 % interval", "校正面积，95 % 置信区间"),
    "adjusted_short": ("Adjusted, 95 % interval", "校正值（95 % 区间）"),
    "table": ("All dates", "各日期数据"),
    "date": ("Date", "日期"),
    "model": ("Model", "模型"),
    "threshold": ("Threshold", "阈值"),
    "area_in": ("Mapped, {unit}", "制图面积（{unit}）"),
    "share": ("Share", "占比"),
    "valid": ("Seen", "有效"),
    "change_in": ("Change, {unit}", "变化（{unit}）"),
    "table_note": (
        "Share: farmland within the area with data. Seen: part of the area that the scene covers"
        " with data. Change: since the previous date of the same model; none where the two dates"
        " do not show the same ground.",
        "占比：耕地占有效面积的比例。有效：影像有效数据占测算范围的比例。"
        "变化：与同一模型上一日期之差；两期覆盖不同时不给出。",
    ),
    "method": ("Method", "方法"),
    "method_map": (
        "{model} gave each pixel of {gsd} m a probability of farmland. Pixels of {threshold} and"
        " more count as farmland.",
        "{model} 为每个 {gsd} 米像元给出耕地概率；概率不低于 {threshold} 的像元计为耕地。",
    ),
    "method_ensemble": (
        "The probability is the mean of those of {members}.",
        "概率为 {members} 各自概率的平均值。",
    ),
    "method_area": (
        "Areas are geodesic on the WGS 84 ellipsoid. A pixel at the border of the area counts with"
        " the share that lies inside; pixels without data never count as farmland.",
        "面积为 WGS 84 椭球面面积；范围边界上的像元按落入部分计算；无数据像元不计为耕地。",
    ),
    "method_adjusted": (
        "Adjusted areas come from points drawn by chance and labelled by people (stratified"
        " estimator; Olofsson et al. 2014, Stehman 2014); their 95 % interval covers what such a"
        " sample leaves open.",
        "校正面积由随机抽取并经人工判读的样点估计（分层估计；Olofsson 等 2014，Stehman 2014），"
        "95 % 区间反映抽样的不确定性。",
    ),
    "limits": ("Limits", "局限"),
    "limit_mapped": (
        "A mapped area is a count of pixels. It carries the model's errors and has no interval.",
        "制图面积是像元统计，包含模型误差，没有置信区间。",
    ),
    "limit_no_sample": (
        "Nobody has labelled a sample here, so no interval can be given.",
        "此处尚无人工判读样本，因此不能给出置信区间。",
    ),
    "limit_change": (
        "The difference of two mapped areas carries the errors of both maps; a few percent may be"
        " noise.",
        "两期制图面积之差包含两期误差；几个百分点的变化可能是噪声。",
    ),
    "limit_dates": (
        "Between two dates nothing is known; the lines of the chart only join what was seen.",
        "两个日期之间没有观测；图中连线仅用于连接各期数值。",
    ),
    "provenance": ("Provenance", "来源信息"),
    "scene": ("Scene", "影像编号"),
    "prediction": ("Prediction", "预测"),
    "weights": ("Weights (SHA-256)", "权重（SHA-256）"),
    "licence": ("Terms", "许可"),
    "exported": ("Made on {when} with {software}.", "{when} 由 {software} 生成。"),
    "page": ("Page {n}", "第 {n} 页"),
}


def words(language: Language) -> Words:
    """Return the function that says a word of ``WORDS`` in a language, with its blanks filled."""
    column = 0 if language == "en" else 1

    def say(key: str, **blanks: object) -> str:
        return WORDS[key][column].format(**blanks)

    return say
