"""The REST API's ground: who calls, what they may, how they are answered. Endpoints themselves live in the apps.

*Key*: what another system shows; only its hash is kept. *Caller*: a key at work, a viewer like a member of staff.
*Scope* of a key: a group of permissions ("receipts:write"). *Problem*: every answer that is not a success, as
application/problem+json. *Endpoint*: one method of a view, declared with the shapes it takes and gives, from which
both the checks and the OpenAPI document come.
"""
