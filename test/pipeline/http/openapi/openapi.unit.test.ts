import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { DESCRIBED_ROUTES } from '../../../../pipeline/http/described-routes.ts'
import { openApiDocument } from '../../../../pipeline/http/openapi/openapi-document.ts'
import { searchRequestSchema } from '../../../../pipeline/search/search-request.ts'

const document = openApiDocument(DESCRIBED_ROUTES)
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method,
    operation: operation as { parameters: { name: string; in: string }[] },
  })),
)

test('the document is valid OpenAPI 3.1', async () => {
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
})

test('every route has a name of its own, and declares all parameters of its path', () => {
  expect(new Set(DESCRIBED_ROUTES.map(({ name }) => name)).size).toBe(DESCRIBED_ROUTES.length)
  expect(operations).toHaveLength(DESCRIBED_ROUTES.length)
  for (const { path, operation } of operations) {
    const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`)
    expect(path.match(/\{\w+\}/g) ?? [], path).toEqual(declared)
  }
})

test('the parameters of a search are the fields of its schema', () => {
  const search = operations.find(({ path }) => path === '/v1/search')
  expect(search?.operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name)).toEqual(
    Object.keys(searchRequestSchema.shape),
  )
})
