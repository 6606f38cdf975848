import Fastify, { type FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { addSessionRoutes, SESSION_PATH, WRONG_TOKENS_MAX } from '../../../infra/console/session-routes.ts'
import { createRequestAccess } from '../../../pipeline/http/request-access.ts'
import { createSessions } from '../../../pipeline/http/session-cookie.ts'

const TOKEN = 'a-token-of-the-tests'
const ORIGIN = { host: 'desk.example', origin: 'http://desk.example' }

function serverOf(token: string | undefined): FastifyInstance {
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)
  app.setErrorHandler(async (error: { status?: number }, _request, reply) => reply.code(error.status ?? 500).send({}))
  addSessionRoutes(app, createRequestAccess(token, undefined, createSessions(token ?? 'of the machine')))
  return app
}

const start = (app: FastifyInstance, payload: object, headers: Record<string, string> = ORIGIN) =>
  app.inject({ method: 'POST', url: SESSION_PATH, payload, headers })

test('without a token the console says that nothing is protected, and a name can be given', async () => {
  const app = serverOf(undefined)
  expect((await app.inject(SESSION_PATH)).json()).toEqual({ isProtected: false, by: null })
  const started = await start(app, { by: '李雷' })
  const cookie = String(started.headers['set-cookie']).split(';')[0] ?? ''
  expect((await app.inject({ url: SESSION_PATH, headers: { cookie } })).json()).toEqual({ isProtected: false, by: '李雷' })
})

test('with a token only the token starts a session, and only from a page of the same host', async () => {
  const app = serverOf(TOKEN)
  expect((await start(app, { by: 'Li', token: TOKEN })).statusCode).toBe(200)
  expect((await start(app, { by: 'Li', token: 'another' })).statusCode).toBe(401)
  expect((await start(app, { by: 'Li' })).statusCode).toBe(401)
  expect((await start(app, { by: 'Li', token: TOKEN }, { ...ORIGIN, origin: 'http://evil.example' })).statusCode).toBe(403)
  expect((await start(app, { by: 'x'.repeat(65), token: TOKEN })).statusCode).toBe(400)
  expect((await start(app, { by: '   ', token: TOKEN })).statusCode).toBe(400)
})

test('after ten wrong tokens an address waits, with the right one too, and others do not', async () => {
  const app = serverOf(TOKEN)
  const from = (remoteAddress: string, token: string) =>
    app.inject({ method: 'POST', url: SESSION_PATH, payload: { by: 'Li', token }, headers: ORIGIN, remoteAddress })
  for (let count = 0; count < WRONG_TOKENS_MAX; count += 1) expect((await from('192.0.2.1', `wrong-${count}`)).statusCode).toBe(401)
  for (const token of ['wrong', TOKEN]) expect((await from('192.0.2.1', token)).statusCode).toBe(429)
  expect((await from('192.0.2.2', TOKEN)).statusCode).toBe(200)
})

test('a session that came by HTTPS goes only by HTTPS', async () => {
  const app = serverOf(TOKEN)
  const { headers } = await start(app, { by: 'Li', token: TOKEN }, { ...ORIGIN, origin: 'https://desk.example' })
  expect(headers['set-cookie']).toContain('; Secure')
})
