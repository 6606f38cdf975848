import type { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { HttpProblem } from './problems.ts'

/**
 * Reads the body of a question that is posted as JSON.
 *
 * @param example a body, for the one whose body is no JSON
 * @throws HttpProblem 400 `bad_query`, naming the field
 */
export function readJsonBody<Schema extends z.ZodType>(body: Buffer | undefined, schema: Schema, example: unknown): z.output<Schema> {
  const value = body === undefined ? undefined : parseJson(body.toString('utf8'))
  if (value === undefined) throw new HttpProblem('bad_query', `the body must be JSON, such as ${JSON.stringify(example)}`)
  const request = schema.safeParse(value, IN_WORDS)
  if (!request.success) throw new HttpProblem('bad_query', zodProblem(request.error, ''))
  return request.data
}
