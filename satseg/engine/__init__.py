"""The inference engine: a scene in blocks, computed anywhere in any order, joined to one map.

``blocks`` cuts the windows of a scene into blocks, ``flow`` computes blocks in this process,
``sums`` adds their windows up, ``cluster`` has the workers of a Dask cluster compute them, each as
``worker`` says, ``store`` keeps them on disk and ``mosaic`` joins them.
A map is the same bytes whatever the order, the batch, the number of workers or a restart, because
windows add up in whole numbers (see ``sums.UNIT``), and a block depends on the scene alone.
"""
