import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HttpProblem, PROBLEM_TYPE, problemBody } from './problems.ts'

/** Answers a connection without Fastify, and closes it. */
export function answerRaw(problem: HttpProblem, socket: Duplex & { destroySoon?: () => void }): void {
  const body = JSON.stringify(problemBody(problem))
  const headers = { ...problem.headers, 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`)
  if (socket.destroySoon === undefined) socket.end()
  else socket.destroySoon()
}
