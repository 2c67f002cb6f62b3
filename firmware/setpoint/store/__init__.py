"""What the station keeps in flash.

    documents   JSON documents by name, each whole after a power cut at any moment

Knows documents, not what they say.
"""
