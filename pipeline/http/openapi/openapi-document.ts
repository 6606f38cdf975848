import { z } from 'zod'
import packageJson from '../../../package.json' with { type: 'json' }
import { ERROR_CODES, type HttpErrorCode } from '../../../schemas/error-codes.ts'
import type { DescribedRoute, RouteAnswer } from '../described-route.ts'
import { PROBLEM_TYPE, problemSchema } from '../problems.ts'

type JsonSchema = z.core.JSONSchema.JSONSchema

/** Problems of every route, of those that need the token, of those for visitors, and of those that read a body. */
const PROBLEMS_OF_ALL: readonly HttpErrorCode[] = ['bad_request', 'bad_host', 'headers_too_large', 'internal']
const PROBLEMS_OF_PROTECTED: readonly HttpErrorCode[] = [
  'unauthorized',
  'not_for_this_key',
  'key_may_not',
  'keys_unavailable',
  'overloaded',
]
const PROBLEMS_OF_VISITORS: readonly HttpErrorCode[] = ['bad_visitor_token', 'not_for_visitors', 'widget_origin', 'too_many_requests']
const PROBLEMS_OF_BODIES: readonly HttpErrorCode[] = ['request_timeout', 'too_large', 'unsupported_media_type', 'unsupported_encoding']

const TOKEN_SCHEME = 'token'

/**
 * Describes the HTTP interface as an OpenAPI 3.1 document, made from the schemas by which its routes read and from those of their answers.
 * An answer may get more members in a later version, so the schemas of answers allow them.
 */
export function openApiDocument(routes: readonly DescribedRoute[]) {
  const schemas: Record<string, JsonSchema> = {}
  const named = (name: string, schema: JsonSchema) => {
    schemas[name] = schema
    return { $ref: `#/components/schemas/${name}` }
  }
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, named) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Colloquy',
      version: packageJson.version,
      description:
        'One durable statechart per conversation. A chat client posts a message and gets the reply; producers post inputs; the state of '
        + 'every conversation can be read. `colloquy asyncapi` describes the same over NATS.',
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/', description: 'The server that this document is from' }],
    security: [{ [TOKEN_SCHEME]: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        [TOKEN_SCHEME]: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key of "colloquy key issue", or COLLOQUY_HTTP_TOKEN; nothing while there is neither',
        },
      },
      schemas,
    },
  }
}

/** Names a schema among the components, so that generated clients have a name for its type. */
type Named = (name: string, schema: JsonSchema) => { readonly $ref: string }

function operation(route: DescribedRoute, named: Named) {
  const { name, summary, description, body, answers, isPublic = false } = route
  const title = name.charAt(0).toUpperCase() + name.slice(1)
  return {
    operationId: name,
    summary,
    ...(description !== undefined && { description }),
    ...((isPublic || route.visitors === 'start') && { security: [] }),
    parameters: parametersOf(route),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: named(`${title}Request`, inputForm(body.schema)), example: body.example },
          ...Object.fromEntries(Object.entries(body.also ?? {}).map(([type, schema]) => [type, { schema: inputForm(schema) }])),
        },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          response(answer, `${title}Answer${status === '200' ? '' : status}`, named),
        ]),
      ),
      ...problemResponses(route, named),
    },
  }
}

function parametersOf({ params, query, headers }: DescribedRoute) {
  const places = [
    ['path', params],
    ['query', query],
    ['header', headers],
  ] as const
  return places.flatMap(([place, schema]) => {
    if (schema === undefined) return []
    const { properties = {}, required = [] } = inputForm(schema)
    return Object.entries(properties).map(([name, property]) => ({
      name,
      in: place,
      required: required.includes(name),
      ...(typeof property === 'object' && property.description !== undefined && { description: property.description }),
      schema: property,
    }))
  })
}

function response({ description, schema, type = 'application/json', hasBody, also, headers }: RouteAnswer, name: string, named: Named) {
  return {
    description,
    ...(headers !== undefined && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([header, says]) => [header, { description: says, schema: { type: 'string' } }]),
      ),
    }),
    ...(hasBody !== false && {
      content: {
        [type]: { schema: schema === undefined ? { type: 'string' } : named(name, outputForm(schema)) },
        ...(also !== undefined && { [also.type]: { schema: named(also.name, outputForm(also.schema)) } }),
      },
    }),
  }
}

/** One response for each status, which says the codes that it may have. */
function problemResponses({ answers, problems, body, isPublic = false, problemForm, visitors }: DescribedRoute, named: Named) {
  const { type, schema } = problemForm ?? { type: PROBLEM_TYPE, schema: problemSchema }
  const content = { [type.replace(/;.*/, '')]: { schema: named(problemForm?.name ?? 'Problem', outputForm(schema)) } }
  const codes = new Set<HttpErrorCode>([
    ...problems,
    ...PROBLEMS_OF_ALL,
    ...(isPublic ? [] : PROBLEMS_OF_PROTECTED),
    ...(visitors === undefined ? [] : PROBLEMS_OF_VISITORS),
    ...(body === undefined ? [] : PROBLEMS_OF_BODIES),
  ])
  const byStatus = Map.groupBy([...codes].sort(), (code) => ERROR_CODES[code].http)
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => answers[status] === undefined)
      .map(([status, found]) => [
        status,
        { description: found.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join('\n\n'), content },
      ]),
  )
}

/** What may be sent: fields with a default are optional. */
const inputForm = (schema: z.ZodType): JsonSchema => bare(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))

/** What is answered. Members that are not listed are allowed. */
const outputForm = (schema: z.ZodType): JsonSchema =>
  bare(
    z.toJSONSchema(schema, {
      io: 'output',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      },
    }),
  )

const bare = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema
