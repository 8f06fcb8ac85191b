"""What is said about models, ensembles and uncertainty, in English and Chinese."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "augment": ("Eight views, 8 × as long", "八向视图，耗时 8 倍"),
    "augment_help": (
        "Test-time augmentation: each model sees every window flipped and turned in all eight ways,"
        " and the mean counts. Steadier at edges; takes eight times as long. Such maps are kept"
        " apart from the others.",
        "测试时增强：模型对每个窗口的八种翻转与旋转分别预测并取平均。边缘更稳定，耗时为八倍。"
        "此类制图与其他制图分开保存。",
    ),
    "augmented": ("{name} · 8 views", "{name} · 八向"),
    "models_page": ("Models", "模型"),
    "models_lead": (
        "What each model needs, was trained on and can do; ensembles of your own.",
        "各模型的输入、训练数据与表现；也可自建集成。",
    ),
    "mixture": ("Weights", "权重"),
    "mixture_equal": ("{method} · equal weights", "{method} · 等权"),
    "mixture_plain": ("{method}", "{method}"),
    "mixture_weights": ("{method} · {weights}", "{method} · {weights}"),
    "method": ("How they become one", "集成方式"),
    "method_mean": ("Mean", "平均"),
    "method_median": ("Median", "中位数"),
    "method_vote": ("Vote", "投票"),
    "method_maximum": ("Maximum", "最大值"),
    "method_help": (
        "Mean: of the probabilities. Median: the middle one. Vote: the share of models that say"
        " farmland, each at its own threshold. Maximum: farmland where any model says so.",
        "平均：概率的加权平均。中位数：居中的概率。投票：以各自阈值判为耕地的模型所占比例。"
        "最大值：任一模型认为是耕地即可。",
    ),
    "weight_of": ("Weight of {name}", "{name} 的权重"),
    "weight_none": (
        "Median and maximum count every model alike.",
        "中位数与最大值对所有模型一视同仁。",
    ),
    "paint_disagreement": ("Disagreement", "模型分歧"),
    "paint_entropy": ("Entropy", "熵"),
    "paint_information": ("Mutual information", "互信息"),
    "paint_truth": ("Exact classes (simulated)", "真实类别（模拟）"),
    "unit_disagreement": ("standard deviation of p", "概率的标准差"),
    "unit_entropy": ("bit", "比特"),
    "unit_information": ("bit", "比特"),
    "note_disagreement": (
        "How far the models' probabilities lie apart.",
        "各模型概率的离散程度。",
    ),
    "note_entropy": (
        "1 bit: as unsure as a coin. From whatever cause.",
        "1 比特：如掷硬币般不确定，不论原因。",
    ),
    "note_information": (
        "The part of the entropy on which the models contradict each other.",
        "熵中源自模型相互矛盾的部分。",
    ),
    "part_of_models": ("Part of the page", "页面内容"),
    "part_cards": ("Cards", "模型卡"),
    "part_comparison": ("Comparison", "指标对比"),
    "part_samples": ("Side by side", "并排查看"),
    "part_build": ("Build an ensemble", "自建集成"),
    "card_of": ("Model", "模型"),
    "own_ensemble": ("{title} (your own)", "{title}（自建）"),
    "card_id": ("Id", "标识"),
    "card_architecture": ("Architecture", "网络结构"),
    "card_members": ("Members", "成员"),
    "card_method": ("Method", "集成方式"),
    "card_bands": ("Bands", "波段"),
    "card_gsd": ("Ground sample distance", "地面采样距离"),
    "card_gsd_value": ("{gsd} m", "{gsd} 米"),
    "card_scaling": ("Scaling", "数值缩放"),
    "card_scaling_value": (
        "each band from the scene's percentiles 1 and 99 to 0 and 1",
        "各波段按影像 1% 与 99% 分位数拉伸到 0–1",
    ),
    "card_windows": ("Windows", "窗口"),
    "card_windows_value": ("{patch} px, overlap {overlap} px", "{patch} 像素，重叠 {overlap} 像素"),
    "card_windows_int8": (
        "{patch} px, in int8 {length} x {patch} px; overlap {overlap} px",
        "{patch} 像素，int8 为 {length} x {patch} 像素；重叠 {overlap} 像素",
    ),
    "card_classes": ("Classes", "类别"),
    "card_threshold": ("Threshold", "阈值"),
    "card_temperature": ("Temperature", "温度"),
    "card_runtime": ("Runtime on the CPU", "CPU 运行方式"),
    "runtime_float32": ("float32", "float32"),
    "runtime_int8": (
        "int8, as good as float32 on every data set",
        "int8，各数据集上与 float32 相当",
    ),
    "runtime_int8_asked": (
        "float32; int8 only when asked for, as it is less good",
        "float32；int8 略差，仅在指定时使用",
    ),
    "card_weights": ("Weights", "权重文件"),
    "card_licence": ("Licence", "许可"),
    "card_trained": ("Trained", "训练"),
    "card_trained_value": (
        "{finished}, {steps} steps in {hours} h on {device}",
        "{finished}，{steps} 步，{hours} 小时，{device}",
    ),
    "card_fitted": ("Fitted", "拟合"),
    "card_fitted_value": ("{what} on {pictures}", "{what}，基于 {pictures}"),
    "card_by_hand": ("put together by hand, not fitted", "手工组合，未拟合"),
    "card_split": ("Split", "划分"),
    "card_hash": ("sha256", "sha256"),
    "trained_on": ("Trained on", "训练数据"),
    "data": ("Data", "数据"),
    "data_share": ("Share", "占比"),
    "data_pictures": ("Pictures", "图像数"),
    "data_held": ("For validation", "验证用"),
    "data_terms": ("Terms", "使用条款"),
    "measured": ("Measured", "评测结果"),
    "not_measured": (
        "Not measured yet: run `satseg evaluate {id}`.",
        "尚未评测：运行 `satseg evaluate {id}`。",
    ),
    "not_measurable": ("Not measured on {names}: {reason}.", "未在 {names} 上评测：{reason}。"),
    "reason_rgb": ("red, green and blue only", "只有红、绿、蓝波段"),
    "failures": ("Failures seen", "已知缺陷"),
    "failures_none": ("None written down.", "暂无记录。"),
    "metric_model": ("Model", "模型"),
    "metric_data": ("Data", "数据"),
    "metric_role": ("Role", "用途"),
    "metric_images": ("Images", "图像数"),
    "n_images": ("images: {n}", "图像 {n} 幅"),
    "metric_pixels": ("Pixels", "像元数"),
    "metric_iou": ("IoU", "IoU"),
    "metric_iou_low": ("IoU, 95 % from", "IoU 95% 下限"),
    "metric_iou_high": ("IoU, 95 % to", "IoU 95% 上限"),
    "metric_boundary_iou": ("Boundary IoU", "边界 IoU"),
    "metric_f1": ("F1", "F1"),
    "metric_precision": ("Precision", "精确率"),
    "metric_recall": ("Recall", "召回率"),
    "metric_accuracy": ("Accuracy", "总体精度"),
    "metric_area_bias": ("Area bias", "面积偏差"),
    "metric_ece": ("ECE", "ECE"),
    "metric_auroc_entropy": ("AUROC", "AUROC"),
    "metrics_note": (
        "IoU, F1, precision and recall are of farmland, over all pixels of a data set. The 95 %"
        " interval of an IoU says how it spreads over blocks of the same ground. Boundary IoU is"
        " that of strips of 6 m along the borders of farmland. Area bias: mapped over true"
        " farmland, less one. ECE: expected calibration error, 0 is best. AUROC: chance that of a"
        " wrong and a right pixel the wrong one has the higher entropy; 0.5 is chance, 1 is best.",
        "IoU、F1、精确率和召回率均针对耕地，按数据集全部像元计算。IoU 的 95% 区间："
        "在同一地面各区块间的波动范围。边界 IoU：沿耕地边界 6 米宽条带的 IoU。"
        "面积偏差：制图耕地与真实耕地之比减一。"
        "ECE：期望校准误差，0 为最佳。AUROC：任取一错一对两个像元，错者熵更高的概率；"
        "0.5 为随机，1 为最佳。",
    ),
    "parts_title": ("{name} by region and date", "{name}：按区域与日期"),
    "part_region": ("Region", "区域"),
    "part_date": ("Date", "日期"),
    "part_all": ("all dates", "全部日期"),
    "comparison_hint": (
        "Click a heading to sort. Numbers of different data sets do not compare.",
        "点击表头排序。不同数据集的数字不可互相比较。",
    ),
    "sets_title": ("The data sets", "数据集说明"),
    "role_external": ("external: never trained or tuned on", "外部数据：从未用于训练或调参"),
    "role_held-out": ("held out of a training source", "训练来源中留出的数据"),
    "reliability_title": ("Reliability on {name}", "{name} 上的可靠性"),
    "reliability_note": (
        "Above the line there was more farmland than the map promised, below it less. Large points"
        " stand for many pixels.",
        "线上方：实际耕地多于预测；线下方：少于预测。点越大，像元越多。",
    ),
    "no_reliability": (
        "The card holds no reliability bins; satseg evaluate writes them.",
        "模型卡中没有可靠性分箱；运行 satseg evaluate 可生成。",
    ),
    "zoom_to": ("Ground shown", "显示范围"),
    "ground_all": ("whole scene", "整景"),
    "ground_m": ("{n} m", "{n} 米"),
    "ground_x": ("West to east", "自西向东"),
    "ground_y": ("North to south", "自北向南"),
    "imagery_only": ("Imagery", "影像"),
    "sample_p": ("p ≥ {threshold}", "p ≥ {threshold}"),
    "no_map_yet": ("no map of this date yet", "该日期尚无结果"),
    "cannot_map": ("needs {bands}, which this scene lacks", "需要该影像缺少的波段：{bands}"),
    "compute_missing": ("Compute what is missing ({n})", "计算缺少的结果（{n}）"),
    "members": ("Members", "成员"),
    "members_help": ("Two models or more.", "至少两个模型。"),
    "ensemble_name": ("Name", "名称"),
    "ensemble_name_hint": ("for example: Both, careful", "例如：两者兼顾"),
    "build_text": (
        "An ensemble of your own is kept in this catalog and can be chosen on Explore and Compare."
        " It is neither fitted nor measured; `satseg ensemble fit` does that.",
        "自建集成保存在本目录中，可在“浏览”和“比较”页选用。它未经拟合和评测；"
        "`satseg ensemble fit` 可完成。",
    ),
    "build_save": ("Keep the ensemble", "保存集成"),
    "build_saved": ("{title} is kept. Choose it on Explore.", "已保存 {title}，可在“浏览”页选用。"),
    "build_open": ("Open on Explore", "在“浏览”页打开"),
    "build_few": (
        "An ensemble takes two models or more; this zoo has {n}.",
        "集成至少需要两个模型；当前只有 {n} 个。",
    ),
    "own_title": ("Your own ensembles", "已建集成"),
    "own_none": ("None yet.", "暂无。"),
    "own_remove": ("Remove {title}", "移除 {title}"),
    "own_broken": (
        "{title} cannot be used: {reason}",
        "{title} 无法使用：{reason}",
    ),
}
