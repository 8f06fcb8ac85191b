"""What the panel of downloads says, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "download": ("Download", "下载"),
    "download_what": ("What", "内容"),
    "download_figure": ("Figure", "图件"),
    "download_report": ("Report", "报告"),
    "download_polygons": ("Polygons", "矢量图斑"),
    "download_mask": ("Mask", "掩膜栅格"),
    "download_probability": ("Probability", "概率栅格"),
    "download_entropy": ("Uncertainty: entropy", "不确定性：熵"),
    "download_disagreement": ("Uncertainty: disagreement", "不确定性：模型分歧"),
    "download_information": ("Uncertainty: mutual information", "不确定性：互信息"),
    "download_series": ("Area series", "面积序列"),
    "download_about_figure": (
        "Map of this date with legend, scale bar, north arrow and source.",
        "当前日期的地图，含图例、比例尺、指北针和来源。",
    ),
    "download_about_report": (
        "All dates of the region: maps, chart, table, method, provenance.",
        "该区域所有日期：地图、图表、表格、方法与来源信息。",
    ),
    "download_about_polygons": (
        "One polygon a patch of farmland, with area and mean probability.",
        "每个耕地图斑一个多边形，含面积和平均概率。",
    ),
    "download_about_mask": (
        "GeoTIFF on the map's own pixels: 1 farmland, 0 other, 255 no data.",
        "GeoTIFF，制图像元：1 耕地，0 其他，255 无数据。",
    ),
    "download_about_probability": (
        "GeoTIFF of the probability: value / 254; 255 no data.",
        "概率 GeoTIFF：像元值 / 254；255 无数据。",
    ),
    "download_about_entropy": (
        "GeoTIFF of the entropy of the probability, in bits: value / 254; 255 no data.",
        "概率的熵（比特）GeoTIFF：像元值 / 254；255 无数据。",
    ),
    "download_about_disagreement": (
        "GeoTIFF of the standard deviation of the ensemble's models: value × 0.5 / 254; 255 no"
        " data.",
        "集成各模型概率标准差 GeoTIFF：像元值 × 0.5 / 254；255 无数据。",
    ),
    "download_about_information": (
        "GeoTIFF of what the ensemble's models contradict each other on, in bits: value / 254; 255"
        " no data.",
        "集成各模型之间的互信息（比特）GeoTIFF：像元值 / 254；255 无数据。",
    ),
    "download_about_series": (
        "Areas of all dates and chosen models, with provenance in columns.",
        "所选模型各日期的面积，来源信息以列给出。",
    ),
    "download_format": ("Format", "格式"),
    "download_slide": ("Slide 16:9", "幻灯片 16:9"),
    "download_print": ("Print A4", "打印 A4"),
    "download_html": ("HTML", "HTML"),
    "download_pdf": ("PDF", "PDF"),
    "download_gpkg": ("GeoPackage", "GeoPackage"),
    "download_geojson": ("GeoJSON", "GeoJSON"),
    "download_parquet": ("Parquet", "Parquet"),
    "download_csv": ("CSV", "CSV"),
    "download_tif": ("GeoTIFF", "GeoTIFF"),
    "download_min_area": ("Leave out patches below (m²)", "忽略小于该面积的图斑（m²）"),
    "download_prepare": ("Prepare", "生成"),
    "download_busy": ("Preparing the file", "正在生成文件"),
    "download_save": ("Save ({size})", "保存（{size}）"),
    "download_no_map": (
        "There is no farmland map of this date yet, so there is nothing to download.",
        "该日期尚无耕地图，暂无可下载内容。",
    ),
}
