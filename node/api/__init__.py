"""The local API of the node.

schema    what is said                 client   for the command line and the window
server    in the supervisor            shares   files and folders, through the client
texts     sentences for people         health   the sentence of the status
wishes    what a setting cannot be     pauses   why the node helps less, and what ends it
"""
