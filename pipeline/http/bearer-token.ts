import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { ColloquyError } from '../../schemas/errors.ts'
import { HttpProblem } from './problems.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** Refuses to serve other machines without a token. @throws ColloquyError `http_unprotected` if `host` is not a loopback address. */
export function checkProtection(host: string, token: string | undefined): void {
  if (token !== undefined || isLoopback(host)) return
  throw new ColloquyError(
    'http_unprotected',
    `COLLOQUY_HTTP_HOST is ${host}, which other machines can reach, and no token is set; `
      + 'set COLLOQUY_HTTP_TOKEN (16 characters or more), or COLLOQUY_HTTP_HOST=127.0.0.1',
  )
}

/** Whether a request's `Authorization` header carries the token. */
export type BearerTest = (authorization: string | undefined) => boolean

/** Creates the test of a request's `Authorization` header. It compares in constant time. Without a token every request passes. */
export function createBearerTest(token: string | undefined): BearerTest {
  if (token === undefined) return () => true
  // timingSafeEqual needs inputs of equal length, so it compares digests.
  const wanted = digest(token)
  return (authorization = '') => {
    const [, given] = /^bearer +(.+)$/i.exec(authorization) ?? []
    return given !== undefined && timingSafeEqual(digest(given), wanted)
  }
}

/** The problem of a request that does not carry the token. */
export const unauthorized = (): HttpProblem =>
  new HttpProblem('unauthorized', 'send the header "Authorization: Bearer <token>" with the token of COLLOQUY_HTTP_TOKEN', {
    headers: { 'www-authenticate': 'Bearer realm="colloquy"' },
  })

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
