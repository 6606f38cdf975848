import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { RouteAnswer } from './described-route.ts'

/** The request header of routes whose answers have an entity tag. */
export const ifNoneMatch = z.object({
  'If-None-Match': z.string().optional().meta({ description: 'Entity tags of answers that the client has, or *' }),
})

export const ETAG_HEADERS = {
  ETag: 'Identifies the body: send it back in If-None-Match',
  'Cache-Control': 'private, no-cache: keep the answer, and ask whether it has changed before each use',
} as const

export const NOT_MODIFIED = {
  description: 'The answer is one of those that the client has (If-None-Match)',
  hasBody: false,
  headers: ETAG_HEADERS,
} as const satisfies RouteAnswer

/** Answers with a body and its entity tag, or with 304 if the client has that body. Only the body is saved: it is made in any case. */
export function withEtag(request: FastifyRequest, reply: FastifyReply, answer: object): FastifyReply {
  const body = JSON.stringify(answer)
  const tag = `"${hash('sha256', body, 'base64url')}"`
  reply.header('etag', tag).header('cache-control', 'private, no-cache')
  if (matches(request.headers['if-none-match'], tag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(body)
}

/** Whether a header names a tag. The comparison is the weak one of RFC 9110: a proxy that compresses makes tags weak. */
const matches = (header: string | undefined, tag: string): boolean =>
  header !== undefined
  && header.split(',').some((one) => {
    const given = one.trim().replace(/^W\//, '')
    return given === '*' || given === tag
  })
