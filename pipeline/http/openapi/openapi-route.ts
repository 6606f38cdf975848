import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { addRoute, type DescribedRoute } from '../described-route.ts'

export const OPENAPI_ROUTE = {
  method: 'GET',
  path: '/openapi.json',
  name: 'getOpenApi',
  may: 'read',
  tenantIn: 'nowhere',
  summary: 'This document',
  answers: { 200: { description: 'An OpenAPI 3.1 document', schema: z.looseObject({ openapi: z.string() }) } },
  problems: [],
} as const satisfies DescribedRoute

/** Adds `GET /openapi.json`. */
export const addOpenApiRoute = (app: FastifyInstance, document: object): void => addRoute(app, OPENAPI_ROUTE, async () => document)
