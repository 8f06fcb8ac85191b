"""What is said about areas of interest, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "own_area": ("Area", "范围"),
    "whole": ("Whole region", "整个区域"),
    "draft": ("New area", "新范围"),
    "area_menu": ("Add or remove an area of your own", "添加或删除自定义范围"),
    "area_add": ("An area of your own", "自定义范围"),
    "area_add_text": (
        "Draw it with the polygon button on the map, or give a file.",
        "用地图上的多边形按钮绘制，或上传文件。",
    ),
    "area_file": (
        "GeoJSON, GeoPackage, KML or zipped Shapefile",
        "GeoJSON、GeoPackage、KML 或压缩的 Shapefile",
    ),
    "area_size": ("Own area of {area} {unit}", "自定义范围，{area} {unit}"),
    "area_of_file": ("from {origin}", "来自 {origin}"),
    "area_drawn": ("drawn on the map", "在地图上绘制"),
    "draft_title": ("Keep this area?", "保留此范围？"),
    "draft_name": ("Name", "名称"),
    "draft_hint": ("Name, for example North field", "名称，例如：北部田块"),
    "draft_keep": ("Keep", "保留"),
    "draft_discard": ("Discard", "放弃"),
    "draft_repaired": (
        "The outline crossed itself and was repaired.",
        "轮廓自相交，已自动修复。",
    ),
    "area_remove": ("Remove this area", "删除此范围"),
    "area_remove_sure": (
        "The area “{name}” is removed for everyone; scenes and maps stay.",
        "将为所有人删除范围“{name}”；影像和制图不受影响。",
    ),
    "area_remove_yes": ("Remove “{name}”", "删除“{name}”"),
    "area_beside": (
        "This date does not show the area.",
        "该日期的影像未覆盖此范围。",
    ),
    "draw": ("Draw an area of your own", "绘制自定义范围"),
    "draw_hint": (
        "Click the corners on the map, or use arrow keys and space.",
        "在地图上单击各顶点，或使用方向键和空格键。",
    ),
    "draw_more": (
        "Enter or double-click finishes, Backspace takes back.",
        "按回车或双击完成，退格键撤回一点。",
    ),
    "draw_finish": ("Finish", "完成"),
    "draw_cancel": ("Cancel", "取消"),
}
