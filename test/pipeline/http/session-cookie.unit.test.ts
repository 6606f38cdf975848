import { describe, expect, test } from 'vitest'
import { createSessions, requireSameOrigin, SESSION_MS } from '../../../pipeline/http/session-cookie.ts'

const TOKEN = 'a-token-of-the-tests'
const requestWith = (setCookie: string, more: Record<string, string> = {}) => ({
  method: 'GET',
  headers: { cookie: `other=1; ${setCookie.split(';')[0] ?? ''}`, ...more },
})

describe('sessions', () => {
  test('a session names who started it, in every process with the token', () => {
    const cookie = createSessions(TOKEN).start({ by: '李雷' }, false)
    expect(createSessions(TOKEN).of(requestWith(cookie))?.by).toBe('李雷')
    expect(cookie).toContain('; HttpOnly; SameSite=Strict; Max-Age=43200')
    expect(cookie).not.toContain('Secure')
    expect(createSessions(TOKEN).start({ by: 'Li' }, true)).toContain('; Secure')
  })

  test('a session ends after its time, and with another token', () => {
    let now = 1_000
    const sessions = createSessions(TOKEN, () => now)
    const request = requestWith(sessions.start({ by: 'Li' }, false))
    expect(createSessions(`${TOKEN}2`, () => now).of(request)).toBeUndefined()
    now += SESSION_MS - 1
    expect(sessions.of(request)?.by).toBe('Li')
    now += 1
    expect(sessions.of(request)).toBeUndefined()
  })

  test.each([
    ['no cookie', undefined],
    ['an empty one', 'colloquy_session='],
    ['one without a signature', 'colloquy_session=eyJieSI6IkxpIiwidW50aWwiOjk5OTk5OTk5OTk5OTl9'],
    ['one of a foreign signature', 'colloquy_session=eyJieSI6IkxpIiwidW50aWwiOjk5OTk5OTk5OTk5OTl9.AAAA'],
    ['one that is too long', `colloquy_session=${'A'.repeat(5_000)}.AAAA`],
  ])('%s is no session', (_name, cookie) => {
    expect(createSessions(TOKEN).of({ method: 'GET', headers: { cookie } })).toBeUndefined()
  })

  test('a changed name is noticed', () => {
    const sessions = createSessions(TOKEN)
    const [, signature = ''] = (sessions.start({ by: 'Li' }, false).split(';')[0] ?? '').split('.')
    const forged = Buffer.from(JSON.stringify({ by: 'Boss', until: Date.now() + 1_000 })).toString('base64url')
    expect(sessions.of({ method: 'GET', headers: { cookie: `colloquy_session=${forged}.${signature}` } })).toBeUndefined()
  })
})

describe('the origin of a change', () => {
  const post = (origin: string | undefined, host = 'desk.example:8080') => requireSameOrigin({ method: 'POST', headers: { origin, host } })

  test('a page of the same host and port may change something', () => {
    expect(() => post('http://desk.example:8080')).not.toThrow()
    expect(() => post('https://DESK.example:8080')).not.toThrow()
    expect(() => requireSameOrigin({ method: 'GET', headers: { origin: 'http://evil.example' } })).not.toThrow()
  })

  test.each([undefined, 'null', '', 'http://evil.example', 'http://desk.example', 'http://desk.example:8080.evil.example', 'no url'])(
    'an origin %s may not',
    (origin) => {
      expect(() => post(origin)).toThrow(expect.objectContaining({ code: 'bad_origin', status: 403 }))
    },
  )
})
