"""The local API of the node.

schema    what is said                 client   for the command line and the window
server    in the supervisor            shares   files and folders, through the client
routes    all that can be asked        openapi  its description
handlers  what is done at each         door     the way in over TCP
metrics   figures as text              health   the sentence of the status
texts     sentences for people; more in ``request_texts``, ``doctor_texts``, ``invitation_texts``, of settings in wishes
checks    what was looked at, and what it means; ``check_texts`` says it
program_texts  of programs that were left
told      a sentence together with what it is made of
wishes    what a setting cannot be     pauses   why the node helps less, and what ends it
"""
