"""What the cards of the zoo say, in Chinese: cards themselves are written in English only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.session import Keys
from dashboard.shelf import cards, ensembles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.shelf import Selection

CHINESE: Final = {
    "Land cover": "土地覆盖",
    "U-Net, 8 bands": "U-Net（八波段）",
    "Ensemble, mean": "集成（平均）",
    "Ensemble, weighted": "集成（加权）",
    "FCN-8s on VGG19": "FCN-8s（VGG19）",
    "FCN on ResNet50": "FCN（ResNet50）",
    "FarmNet Sim": "FarmNet（仅模拟影像）",
    "Farmland in red, green and blue at 0.6 m: the fast default.": (
        "以红、绿、蓝波段在 0.6 米分辨率下识别耕地：快速的默认模型。"
    ),
    "Farmland in red, green and blue at 0.6 m: larger and slower than FarmNet.": (
        "以红、绿、蓝波段在 0.6 米分辨率下识别耕地：比 FarmNet 更大、更慢。"
    ),
    "Farmland, water, buildings, roads, trees, bare ground and greenhouses in red, green and blue"
    " at 0.6 m.": "以红、绿、蓝波段在 0.6 米分辨率下识别耕地、水体、建筑、道路、树木、裸地和大棚。",
    "Farmland in all eight WorldView-3 bands at their native 1.2 m.": (
        "以 WorldView-3 全部八个波段在其原生 1.2 米分辨率下识别耕地。"
    ),
    "What can be learned without one hand-drawn label; for comparison, not for maps.": (
        "不用任何人工标注所能学到的；供对比，不用于制图。"
    ),
    "FarmNet and U-Net as one, each for half: on the simulated regions better than either, in IoU"
    " and in calibration.": (
        "FarmNet 与 U-Net 各占一半：在模拟区域上，交并比和概率校准均优于任一成员。"
    ),
    "FarmNet and U-Net as one, with weights fitted on validation landscapes: on the simulated"
    " regions a little better than the plain mean.": (
        "FarmNet 与 U-Net 按在验证景观上拟合的权重合成：在模拟区域上略优于简单平均。"
    ),
    "Farmland in red, green and blue at 0.6 m, as in the study of 2017: ResNet50 with added"
    " scores.": (
        "如 2017 年的研究，以红、绿、蓝波段在 0.6 米分辨率下识别耕地：ResNet50，得分相加。"
    ),
    "Farmland in blue, green and red at 0.6 m, as in the study of 2017: VGG19 with added scores.": (
        "如 2017 年的研究，以蓝、绿、红波段在 0.6 米分辨率下识别耕地：VGG19，得分相加。"
    ),
    "Farmland in all eight bands at 1.2 m, as in the study of 2017: ResNet50 on red, green and"
    " blue beside a U-Net's encoder on all bands.": (
        "如 2017 年的研究，以全部八个波段在 1.2 米分辨率下识别耕地："
        "红、绿、蓝用 ResNet50，全部波段用 U-Net 编码器。"
    ),
    "by whole pictures and whole simulated landscapes": "按整幅图像和整片模拟景观划分",
    "by whole pictures and whole simulated landscapes; Shanghai views by squares of 97 m with a"
    " margin of 10 m": "按整幅图像和整片模拟景观划分；上海影像片段按 97 米方格划分，间隔 10 米",
    "US fields": "美国农田",
    "Shanghai views": "上海影像片段",
    "Shanghai housing": "上海住宅区",
    "simulated": "模拟景观",
    "simulated greenhouses": "模拟大棚与工地",
    "simulated regions": "模拟区域",
    "external": "外部",
    "held-out": "留出",
    "DeepGlobe Land Cover Classification 2018, research use": (
        "DeepGlobe 土地覆盖分类 2018，供研究使用"
    ),
    "RSSCN7, research use": "RSSCN7，供研究使用",
    "SpaceNet 2, WorldView-3 of Shanghai, CC BY-SA 4.0; masks drawn for this project": (
        "SpaceNet 2 上海 WorldView-3 影像，CC BY-SA 4.0；掩膜由本项目绘制"
    ),
    "hand-drawn polygons on US aerial imagery, MIT": "美国航空影像上的手绘多边形，MIT",
    "rendered by satseg, MIT": "由 satseg 渲染，MIT",
    "3 tiles of 1024 x 1024 px at 0.3 m, Nanjing and Wuhan; never trained or tuned on": (
        "南京和武汉的 3 幅 1024 x 1024 像元影像，0.3 米；从未用于训练或调参"
    ),
    "3 pictures of 2448 x 2448 px at 0.5 m": "3 幅 2448 x 2448 像元影像，0.5 米",
    "8 pictures of 1024 x 1024 px, taken as 1.2 m (1 to 2 m, not stated by the source)": (
        "8 幅 1024 x 1024 像元影像，按 1.2 米计（1 至 2 米，来源未说明）"
    ),
    "the upper left quarter of 3 views of 195 m, WorldView-3, dark and strongly stretched; truth"
    " drawn for this project; models trained on Shanghai views have seen the other quarters, so"
    " that this flatters them": (
        "3 个边长 195 米的 WorldView-3 片段的左上四分之一，偏暗且强烈拉伸；真值由本项目绘制；"
        "用上海影像片段训练过的模型见过其余部分，因此数值偏高"
    ),
    "the sample scenes: regions, dates and stories that no training landscape shares; some dates"
    " and the land of Songjiang were set after a look at how farmnet and unet8 did on them, which"
    " flatters the figure somewhat": (
        "示例影像：与训练景观无共同的区域、日期和变化过程；部分日期和松江的地物是在查看 farmnet"
        " 与 unet8 的结果后设定的，数值略为偏高"
    ),
    "Put together by hand; neither fitted nor measured.": "手工组合；未拟合，也未评测。",
    "coastal": "海岸蓝",
    "blue": "蓝",
    "green": "绿",
    "yellow": "黄",
    "red": "红",
    "red_edge": "红边",
    "nir1": "近红外 1",
    "nir2": "近红外 2",
}


def said(text: str) -> str:
    """Return a card's text in the visitor's language; as it is where only the card has it."""
    chinese = st.session_state.get(Keys.LANGUAGE) == "zh"
    return CHINESE.get(text, text) if chinese else text


def listing(names: Sequence[str]) -> str:
    """Return names that cards use (bands, data sets), one after the other."""
    chinese = st.session_state.get(Keys.LANGUAGE) == "zh"
    return ("、" if chinese else ", ").join(map(said, names))


def titles() -> dict[str, str]:
    """Return the name of each model and each ensemble by its id, models first."""
    return {card.id: said(card.title) for card in (*cards(), *ensembles())}


def title_of(selection: Selection) -> str:
    """Return the name of one model or ensemble, or the names of several models."""
    card = selection.recipe.card
    if card is not None:
        return said(card.title)
    return " + ".join(said(card.title) for card in selection.recipe.cards)
