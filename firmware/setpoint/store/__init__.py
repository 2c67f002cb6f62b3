"""What the station keeps in flash.

    documents   JSON documents by name, each whole after a power cut at any moment
    ring        records of one length, of which the oldest go; loaded for each use
    records     sorted records of one length, found without reading them all; loaded for each use
    journal     lines in the order in which they were written: the messages of transactions

Knows documents and lines, not what they say.
"""
