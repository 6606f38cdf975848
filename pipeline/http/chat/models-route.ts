import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { addRoute, type DescribedRoute, type RouteTypes } from '../described-route.ts'
import { type ChatKind, type ChatKinds, unknownModel } from './chat-kinds.ts'
import { OPENAI_FORM } from './openai-errors.ts'

const modelSchema = z.object({
  id: z.string().meta({ description: 'Name of a kind; for another tenant than default, a request says <tenant>/<kind>' }),
  object: z.literal('model'),
  created: z.int().meta({ description: 'When its newest version was registered, in seconds since 1970' }),
  owned_by: z.literal('colloquy'),
})
type Model = z.output<typeof modelSchema>
const paramsSchema = z.object({ model: z.string().meta({ description: '<kind> or <tenant>/<kind>' }) })

const LIST_ROUTE = {
  method: 'GET',
  path: '/v1/models',
  name: 'listModels',
  may: 'read',
  tenantIn: 'nowhere',
  summary: 'The kinds with which one can chat, as OpenAI lists its models',
  answers: { 200: { description: 'The kinds', schema: z.object({ object: z.literal('list'), data: z.array(modelSchema) }) } },
  problems: ['nats_unavailable'],
  problemForm: OPENAI_FORM,
} as const satisfies DescribedRoute
const MODEL_ROUTE = {
  method: 'GET',
  path: '/v1/models/:model',
  name: 'getModel',
  may: 'read',
  tenantIn: 'nowhere',
  summary: 'One of these kinds',
  params: paramsSchema,
  answers: { 200: { description: 'The kind', schema: modelSchema } },
  problems: ['unknown_model', 'nats_unavailable'],
  problemForm: OPENAI_FORM,
} as const satisfies DescribedRoute
export const MODEL_ROUTES = [LIST_ROUTE, MODEL_ROUTE] as const

const modelOf = ({ name, createdAt }: ChatKind, id = name): Model => ({
  id,
  object: 'model',
  created: Math.floor(Date.parse(createdAt) / 1000),
  owned_by: 'colloquy',
})

/** Adds `GET /v1/models` and `GET /v1/models/<model>`. */
export function addModelRoutes(app: FastifyInstance, kinds: ChatKinds): void {
  addRoute(app, LIST_ROUTE, async () => ({ object: 'list', data: [...(await kinds.all()).values()].map((kind) => modelOf(kind)) }))
  addRoute<RouteTypes & { Params: z.output<typeof paramsSchema> }>(app, MODEL_ROUTE, async ({ params: { model } }) => {
    const known = await kinds.all()
    const kind = known.get(model.slice(model.indexOf('/') + 1))
    if (kind !== undefined) return modelOf(kind, model)
    throw unknownModel(model, known, 'model')
  })
}
