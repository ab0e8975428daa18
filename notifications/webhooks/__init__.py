"""How does a salon's own software hear of events: signed calls to its endpoints.

1. `outbox` writes a delivery for every endpoint that wants an event, with the change itself.
2. `tasks` sends what is due: a job after the commit, and a tick.
3. `sending` leases, signs (`signing`), carries, and writes down what was answered (`verdicts`).
4. `endpoints` is what people and the API do: add, change, rotate the secret, test, send again.
"""
