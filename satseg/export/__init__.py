"""Results that leave the catalog: polygons, rasters, tables, figures and reports."""
