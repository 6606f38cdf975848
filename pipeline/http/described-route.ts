import type { FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault, RouteHandlerMethod } from 'fastify'
import type { z } from 'zod'
import type { Right } from '../../schemas/access-keys.ts'
import type { HttpErrorCode } from '../../schemas/error-codes.ts'
import type { HttpProblem } from './problems.ts'
import type { TenantIn } from './request-access.ts'

/** An answer that is no problem. */
export interface RouteAnswer {
  readonly description: string
  /** The form of a body in JSON. Absent: the body has another type, which `type` names. */
  readonly schema?: z.ZodType
  /** Default `application/json`. */
  readonly type?: string
  /** False: the answer has no body. */
  readonly hasBody?: false
  /** Another form of the body, such as events of the server: the schema is that of the data of each. */
  readonly also?: { readonly type: string; readonly schema: z.ZodType; readonly name: string }
  /** Headers of the answer, by name: what each says. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How a route answers a problem. */
export interface ProblemForm {
  /** Of its schema, in the OpenAPI document. */
  readonly name: string
  readonly type: string
  readonly schema: z.ZodType
  readonly body: (problem: HttpProblem) => object
}

/**
 * A route of the HTTP interface: the server registers it from this description, and `GET /openapi.json` is made of it. Its schemas are
 * those by which the route reads.
 */
export interface DescribedRoute {
  readonly method: 'GET' | 'POST'
  /** Fastify's form: `/v1/actors/:tenant/:kind/:id`. */
  readonly path: string
  /** Operation id: the name that generated clients give to its function. */
  readonly name: string
  readonly summary: string
  readonly description?: string
  /** The parameters of the path, all of them. */
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  /** Headers beside those of HTTP and `Authorization`. */
  readonly headers?: z.ZodObject
  readonly body?: {
    readonly schema: z.ZodType
    readonly example: unknown
    /** More content types, with what each body is. */
    readonly also?: Readonly<Record<string, z.ZodType>>
    /** Default: `LIMITS.inputBytesMax`. */
    readonly bytesMax?: number
  }
  readonly answers: Readonly<Record<number, RouteAnswer>>
  /** Problems of this route, beside those of any route. */
  readonly problems: readonly HttpErrorCode[]
  /** Default: problems of RFC 9457. */
  readonly problemForm?: ProblemForm
  /** True for a route that needs no key. */
  readonly isPublic?: boolean
  /** What a key must allow. Absent: only the administrator of the installation may use it. */
  readonly may?: Right
  /** Default: `path`, which is its path or its query. */
  readonly tenantIn?: TenantIn
  /** True for a route whose requests have places of their own. */
  readonly isStream?: boolean
  /** Who of the visitors of web sites may use it: `start` for one without a token, `own` for a visitor's conversation. Default: nobody. */
  readonly visitors?: 'start' | 'own'
}

/** What a route reads. A body is in bytes, so that the route itself names what is wrong with it. */
export interface RouteTypes {
  Params?: unknown
  Querystring?: unknown
  Body: Buffer | undefined
}

type RouteHandler<Types extends RouteTypes> = RouteHandlerMethod<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Types
>

/** Registers a described route. */
export function addRoute<Types extends RouteTypes = RouteTypes>(
  app: FastifyInstance,
  { method, path, body, isPublic = false, isStream = false, problemForm, visitors, may, tenantIn }: DescribedRoute,
  handler: RouteHandler<Types>,
): void {
  app.route<Types>({
    method,
    url: path,
    config: { isPublic, isStream, problemForm, visitors, may, tenantIn },
    ...(body?.bytesMax !== undefined && { bodyLimit: body.bytesMax }),
    handler,
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route that needs no key. */
    readonly isPublic?: boolean
    readonly isStream?: boolean
    readonly problemForm?: ProblemForm | undefined
    readonly visitors?: DescribedRoute['visitors'] | undefined
  }
}
