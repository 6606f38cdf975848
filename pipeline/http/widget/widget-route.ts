import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { HttpProblem } from '../problems.ts'

/** The parts of the widget. Its entry is beside the folder, as its address is. */
const PARTS = new URL('page/widget/', import.meta.url)
const ENTRY = new URL('page/widget.js', import.meta.url)
const SCRIPT = { description: 'A module for browsers', type: 'text/javascript' }

const paramsSchema = z.object({ file: z.string().meta({ description: 'Name of a part, such as panel.js' }) })

const ENTRY_ROUTE = {
  method: 'GET',
  path: '/widget.js',
  name: 'getWidget',
  summary: 'The chat widget for web sites',
  answers: { 200: SCRIPT },
  problems: [],
  isPublic: true,
} as const satisfies DescribedRoute
const PART_ROUTE = {
  method: 'GET',
  path: '/widget/:file',
  name: 'getWidgetPart',
  summary: 'A part of the widget, which loads it when somebody opens it',
  params: paramsSchema,
  answers: { 200: SCRIPT },
  problems: ['unknown_path'],
  isPublic: true,
} as const satisfies DescribedRoute
export const WIDGET_ROUTES = [ENTRY_ROUTE, PART_ROUTE] as const

const HEADERS = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'public, max-age=300',
  vary: 'accept-encoding',
}

interface Script {
  readonly plain: Buffer
  readonly gzip: Buffer
}

/** Adds `GET /widget.js` and its parts, for pages of any site: they hold no secret. Sent as gzip where the client takes it. */
export function addWidgetRoutes(app: FastifyInstance): void {
  const entry = readScript(ENTRY)
  const parts = new Map(readdirSync(PARTS).map((name) => [name, readScript(new URL(name, PARTS))]))
  const send = ({ plain, gzip }: Script, { headers }: Pick<FastifyRequest, 'headers'>, reply: FastifyReply): FastifyReply => {
    const isZipped = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''))
    if (isZipped) reply.header('content-encoding', 'gzip')
    return reply
      .headers(HEADERS)
      .type('text/javascript; charset=utf-8')
      .send(isZipped ? gzip : plain)
  }
  addRoute(app, ENTRY_ROUTE, async (request, reply) => send(entry, request, reply))
  addRoute<RouteTypes & { Params: z.output<typeof paramsSchema> }>(app, PART_ROUTE, async (request, reply) => {
    const part = parts.get(request.params.file)
    if (part === undefined) throw new HttpProblem('unknown_path', `the widget has no part ${JSON.stringify(request.params.file)}`)
    return send(part, request, reply)
  })
}

function readScript(file: URL): Script {
  const plain = readFileSync(file)
  return { plain, gzip: gzipSync(plain, { level: 9 }) }
}
