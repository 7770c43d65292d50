import { Connection } from './connection.mjs'
import { isJson } from './judge.mjs'

/** A connection with the token of the administrator. */
export async function openSession(port) {
  const connection = new Connection(port)
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'admin-cli',
    username: 'admin',
    password: 'admin',
  })
  const login = await connection.send({
    method: 'POST',
    path: '/realms/master/protocol/openid-connect/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  })
  const token = isJson(login.body) ? JSON.parse(login.body).access_token : undefined
  const headers = { authorization: `Bearer ${token}` }
  return {
    token,
    headers,
    send: (request) => connection.send(request),
    sendJson: (method, path, json) =>
      connection.send({
        method,
        path,
        headers: { ...headers, 'content-type': 'application/json' },
        body: json && Buffer.from(JSON.stringify(json)),
      }),
    async expect({ status, body, problem }, wanted) {
      if (status !== wanted) throw new Error(`Could not set up the run: ${problem ?? `${status} ${body}`}`)
    },
    close: () => connection.close(),
  }
}
