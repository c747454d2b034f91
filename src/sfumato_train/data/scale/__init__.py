"""Your own pictures, at scale: WebDataset shards as a training source, and the steps that clean them first.

Reading: places → tar → sample → decode → lane → stream. Preparing: measure → choose → embed → write → report, each of
the per-shard steps a pure function of a shard, run by a pool of processes or by Ray Data.
"""
