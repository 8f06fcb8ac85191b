"""Opens a project and its styles in QGIS and prints what it finds as JSON; run by QGIS's Python."""

import json
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize


def layer_facts(layer):
    renderer = layer.renderer()
    facts = {
        "name": layer.name(),
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "source": layer.source(),
        "renderer": renderer.type(),
    }
    if isinstance(layer, QgsVectorLayer):
        symbol = renderer.symbol()
        facts["features"] = layer.featureCount()
        facts["fill_alpha"] = symbol.color().alpha()
        facts["outline_mm"] = symbol.symbolLayer(0).strokeWidth()
        facts["default"] = layer.defaultValueDefinition(
            layer.fields().indexOf("class")
        ).expression()
        facts["widget"] = layer.editorWidgetSetup(layer.fields().indexOf("class")).type()
        facts["editable"] = layer.startEditing() and layer.rollBack()
    elif renderer.type() == "multibandcolor":
        facts["bands"] = renderer.usesBands()
        facts["red"] = [
            renderer.redContrastEnhancement().minimumValue(),
            renderer.redContrastEnhancement().maximumValue(),
        ]
    elif renderer.type() == "singlebandpseudocolor":
        items = renderer.shader().rasterShaderFunction().colorRampItemList()
        facts["stops"] = [[item.value, item.color.name(), item.label] for item in items]
        facts["value"] = layer.dataProvider().sample(layer.extent().center(), 1)[0]
    else:
        facts["classes"] = [[c.value, c.label] for c in renderer.classes()]
    return facts


def style_facts(path):
    """Load a style into a fresh layer of the file that it belongs to."""
    folder = path.parent
    raster = folder / f"{path.stem}.tif"
    layer = (
        QgsRasterLayer(str(raster), "fresh")
        if raster.exists()
        else QgsVectorLayer(f"{folder / 'farmland.gpkg'}|layername={path.stem}", "fresh", "ogr")
    )
    message, loaded = layer.loadNamedStyle(str(path))
    return {"valid": layer.isValid(), "loaded": loaded, "message": message}


def main():
    folder = Path(sys.argv[1])
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    opened = project.read(str(folder / "farmland.qgz"))
    root = project.layerTreeRoot()
    layers = root.layerOrder()
    facts = {
        "opened": opened,
        "error": project.error(),
        "crs": project.crs().authid(),
        "title": project.title(),
        "relative": project.readBoolEntry("Paths", "Absolute", True)[0] is False,
        "layers": [layer_facts(layer) for layer in layers],
        "shown": [node.layerId() for node in root.findLayers() if node.isVisible()],
        "styles": {
            path.stem: style_facts(path)
            for path in sorted(folder.glob("*.qml"))
            if path.stem not in ("scene", "truth")
        },
    }
    settings = QgsMapSettings()
    settings.setLayers(layers if "--all" in sys.argv else root.checkedLayers())
    settings.setDestinationCrs(project.crs())
    settings.setExtent(layers[-1].extent())
    settings.setOutputSize(QSize(600, 400))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(sys.argv[2])
    facts["render_errors"] = [error.message for error in job.errors()]
    print(json.dumps(facts))
    project.clear()
    application.exitQgis()


main()
