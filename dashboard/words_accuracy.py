"""What the page Accuracy says, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "accuracy": ("Accuracy", "精度评估"),
    "accuracy_lead": (
        "Areas with a 95 % interval, from points that you label in the imagery.",
        "在影像上标注样点，得到带 95 % 置信区间的面积。",
    ),
    "map_to_assess": ("Map to assess", "待评估的制图结果"),
    "no_map_title": ("This date has no farmland map yet", "该日期尚无耕地图"),
    "no_map": (
        "A sample is drawn from a map. Open this date on the page Explore; its map is computed"
        " there.",
        "样点从耕地图中抽取。请先在“浏览”页打开该日期以计算耕地图。",
    ),
    "sample": ("Sample", "样本"),
    "sample_name": ("{n} points · {created}", "{n} 个样点 · {created}"),
    "sample_again": (
        "{n} points · seen again from {date}",
        "{n} 个样点 · 复查 {date} 的样点",
    ),
    "new_sample": ("New sample", "新建样本"),
    "step_label": ("Label", "标注"),
    "step_results": ("Results", "结果"),
    "step_exchange": ("Import and export", "导入导出"),
    "plan_title": ("Plan a sample", "设计样本"),
    "plan_text": (
        "Points are drawn at random within strata of the map. The number follows from the standard"
        " error that you want and from how sure the model is; it is a forecast, the interval itself"
        " comes from the labels.",
        "样点在各层内随机抽取。样点数由期望的标准误和模型的确信程度推算；"
        "这只是预测，实际区间由标注结果得出。",
    ),
    "wanted": ("Wanted standard error, % of the area with data", "期望标准误（占有效面积 %）"),
    "wanted_help": (
        "Standard error of the farmland area, as a share of the area with data. The 95 % interval"
        " is about twice as wide to either side.",
        "耕地面积的标准误，占有数据面积的比例；95 % 区间每侧约为其两倍。",
    ),
    "least": ("Least number of points a stratum", "每层最少样点数"),
    "strata": ("Strata", "分层"),
    "strata_classes": ("Map classes", "制图类别"),
    "strata_certainty": ("Map classes by certainty", "制图类别 × 确信度"),
    "strata_help": (
        "Divided by certainty, more points go to where the model hesitates; the same number of"
        " points then gives a narrower interval.",
        "按确信度分层时，更多样点落在模型犹豫之处，同样数量的样点可得到更窄的区间。",
    ),
    "stratum": ("Stratum", "层"),
    "stratum_area": ("Area ({unit})", "面积（{unit}）"),
    "stratum_share": ("Expected farmland", "预期耕地占比"),
    "stratum_points": ("Points", "样点"),
    "stratum_farmland": ("Mapped farmland", "制图为耕地"),
    "stratum_other": ("Mapped other", "制图为非耕地"),
    "stratum_farmland, certain": ("Farmland, certain", "耕地（确信）"),
    "stratum_farmland, uncertain": ("Farmland, uncertain", "耕地（不确信）"),
    "stratum_other, uncertain": ("Other, uncertain", "非耕地（不确信）"),
    "stratum_other, certain": ("Other, certain", "非耕地（确信）"),
    "forecast": ("Forecast standard error", "预测标准误"),
    "forecast_points": ("Points", "样点数"),
    "forecast_gain": (
        "With the same number of points, map classes alone would give ± {plain} {unit},"
        " strata by certainty ± {fine} {unit} (standard errors, forecast).",
        "同样数量的样点：仅按制图类别分层为 ± {plain} {unit}，按确信度分层为 ± {fine} {unit}"
        "（标准误，预测值）。",
    ),
    "draw_points": ("Draw {n} points", "抽取 {n} 个样点"),
    "interpreter": ("Interpreter", "判读者"),
    "interpreter_first": ("First", "判读者一"),
    "interpreter_second": ("Second", "判读者二"),
    "label_question": ("What is at the centre of the square?", "方框中心是什么？"),
    "label_farmland": ("Farmland", "耕地"),
    "label_other": ("Not farmland", "非耕地"),
    "label_unsure": ("Unsure", "不确定"),
    "undo": ("Undo", "撤销"),
    "from_truth": ("Answer the rest from the simulated truth", "其余样点用模拟真值回答"),
    "from_truth_help": (
        "The scene is simulated, so what is on the ground is known exactly.",
        "该影像为模拟影像，地表类别完全已知。",
    ),
    "point_of": ("Point {number} of {n}", "第 {number} 个，共 {n} 个样点"),
    "progress_of": (
        "{done} of {n} labelled, {unsure} unsure",
        "已标注 {done} / {n}，不确定 {unsure}",
    ),
    "context": ("{side} m around the point", "样点周围 {side} 米"),
    "close": ("{date} · {side} m", "{date} · {side} 米"),
    "other_dates": ("Close up, and on other dates", "放大，以及其他日期"),
    "blind_note": (
        "The map's answer is not shown, so that it cannot sway yours.",
        "不显示制图结果，以免影响判读。",
    ),
    "all_done": (
        "All {n} points are labelled. The results are ready.",
        "全部 {n} 个样点已标注，可查看结果。",
    ),
    "to_results": ("Go to the results", "查看结果"),
    "too_few_title": ("Not enough labels yet", "标注数量不足"),
    "too_few": (
        "Each stratum needs at least two points labelled farmland or not farmland. Label more"
        " points; they come in random order, so that every stratum has its turn.",
        "每层至少需要两个标注为耕地或非耕地的样点。请继续标注；样点顺序随机，各层都会出现。",
    ),
    "label_more": (
        "Label more of these points on {date} to see the change.",
        "请在 {date} 标注更多样点以查看变化。",
    ),
    "adjusted": ("Adjusted area", "校正面积"),
    "adjusted_help": (
        "Estimate of the true farmland area from the labelled points (Olofsson et al. 2014; Stehman"
        " 2014), with its 95 % interval.",
        "由标注样点估计的真实耕地面积及其 95 % 置信区间（Olofsson 等 2014；Stehman 2014）。",
    ),
    "mapped": ("Mapped area", "制图面积"),
    "mapped_help": (
        "Pixels that the map calls farmland; carries the map's errors.",
        "制图为耕地的像元面积，包含制图误差。",
    ),
    "overall": ("Overall accuracy", "总体精度"),
    "users": ("User's accuracy, farmland", "用户精度（耕地）"),
    "users_help": (
        "Share of the mapped farmland that is farmland.",
        "制图为耕地的面积中确为耕地的比例。",
    ),
    "producers": ("Producer's accuracy, farmland", "生产者精度（耕地）"),
    "producers_help": (
        "Share of the true farmland that the map found.",
        "真实耕地中被正确制图的比例。",
    ),
    "interval": ("95 %: {low} – {high}", "95 %：{low} – {high}"),
    "undefined": ("undefined", "不适用"),
    "confusion": ("Confusion matrix", "混淆矩阵"),
    "confusion_note": (
        "Counted points, and in brackets the estimated share of the area. Rows: map. Columns:"
        " what was seen.",
        "样点数，括号内为估计的面积占比。行：制图；列：判读。",
    ),
    "class_farmland": ("Farmland", "耕地"),
    "class_other": ("Other", "非耕地"),
    "agreement": ("Agreement of the interpreters", "判读一致性"),
    "agreement_text": (
        "{n} points seen by both: {share} the same, kappa {kappa} (standard error {error}).",
        "{n} 个样点由两人判读：一致率 {share}，kappa {kappa}（标准误 {error}）。",
    ),
    "calibration": ("Calibration", "概率校准"),
    "calibration_text": (
        "Expected calibration error {ece} (95 %: {low} – {high}). Best threshold by IoU"
        " {threshold} (95 %: {first} – {last}).",
        "期望校准误差 {ece}（95 %：{low} – {high}）。IoU 最佳阈值 {threshold}"
        "（95 %：{first} – {last}）。",
    ),
    "said": ("Probability on the map", "制图概率"),
    "was": ("Share of farmland seen", "判读耕地占比"),
    "perfect": ("perfectly calibrated", "完全校准"),
    "part_note": (
        "{share} of the region has no data on this date. The estimate holds for the rest; nothing"
        " is said about that part.",
        "该日期区域内有 {share} 没有数据；估计只适用于其余部分。",
    ),
    "unsure_note": (
        "{n} points were unsure and are left out, as if they were like the rest of their stratum.",
        "{n} 个样点不确定，已剔除（假设其与同层其他样点无差异）。",
    ),
    "flat_note": (
        "All {n} points of the stratum “{stratum}” got the same label: it adds nothing to the"
        " standard error, which may be too small.",
        "“{stratum}”层的 {n} 个样点标注相同，对标准误没有贡献，标准误可能偏小。",
    ),
    "open_note": (
        "{n} points are not labelled yet. Points come in random order, so those seen are a valid"
        " smaller sample.",
        "尚有 {n} 个样点未标注。样点顺序随机，已标注者即为较小的有效样本。",
    ),
    "again_title": ("Compare with another date", "与其他日期比较"),
    "again_text": (
        "Label the same points on another date: differences of area are then known better, because"
        " most points stay as they are.",
        "在另一日期标注相同样点：多数样点不变，面积差异因此估计得更准。",
    ),
    "again": ("See the points again on {date}", "在 {date} 复查样点"),
    "difference": ("Change from {first} to {second}", "{first} 至 {second} 的变化"),
    "difference_help": (
        "Estimated from the points that both dates share; what they have in common is taken into"
        " account.",
        "由两个日期共有的样点估计，已计入其相关性。",
    ),
    "net_change": ("Net change", "净变化"),
    "gain_area": ("Gained", "新增"),
    "loss_area": ("Lost", "减少"),
    "export_title": ("Export", "导出"),
    "export_gpkg": ("Sample (GeoPackage)", "样本（GeoPackage）"),
    "export_csv": ("Sample (CSV)", "样本（CSV）"),
    "export_plots": ("Plots for Collect Earth Online (CSV)", "Collect Earth Online 样点（CSV）"),
    "import_title": ("Import labels", "导入标注"),
    "import_text": (
        "A CSV with a column plotid and a column of answers (farmland, other, unsure): this page's"
        " own export, or the samples that Collect Earth Online exports; it replaces labels of the"
        " chosen interpreter. Or a GeoPackage of this sample, labelled elsewhere.",
        "含 plotid 列和答案列（farmland、other、unsure）的 CSV：本页导出的文件，"
        "或 Collect Earth Online 导出的样本，将替换所选判读者的标注；"
        "也可导入在别处标注的同一样本的 GeoPackage。",
    ),
    "import_button": ("Take the labels over", "采用这些标注"),
    "imported": ("Taken over; {n} points are labelled now.", "已采用；现有 {n} 个样点已标注。"),
    "delete_sample": ("Delete this sample", "删除该样本"),
    "delete_sure": (
        "Delete the sample with {n} labels? The bin keeps it for {days} days.",
        "删除该样本及其 {n} 个标注？回收站保留 {days} 天。",
    ),
    "delete_yes": ("Delete", "删除"),
    "adjusted_line": ("Adjusted, 95 % interval", "校正值与 95 % 区间"),
}
