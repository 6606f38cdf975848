import { expect, test } from 'vitest'
import { z } from 'zod'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'

const problem = (schema: z.ZodType, value: unknown, root = 'data'): string => {
  const read = schema.safeParse(value, IN_WORDS)
  return read.success ? '' : zodProblem(read.error, root)
}

test.each<[schema: z.ZodType, value: unknown, problem: string]>([
  [z.object({ text: z.string() }), {}, 'data.text: is missing; it must be a text'],
  [z.object({ text: z.string() }), { text: 5 }, 'data.text: must be a text'],
  [z.object({ text: z.string() }), [], 'data: must be a JSON object'],
  [z.object({ n: z.int() }), { n: 1.5 }, 'data.n: must be a whole number'],
  [z.string().min(1), '', 'data: must not be empty'],
  [z.string().min(2), '', 'data: must have at least 2 characters'],
  [z.string().max(1), 'ab', 'data: must have at most 1 character'],
  [z.array(z.string()).max(3), ['', '', '', ''], 'data: must have at most 3 items'],
  [z.number().min(1), 0, 'data: must be at least 1'],
  [z.number().gt(1), 1, 'data: must be more than 1'],
  [z.number().lt(1), 1, 'data: must be less than 1'],
  [z.number().multipleOf(5), 1, 'data: must be a multiple of 5'],
  [z.enum(['a', 'b']), 'c', 'data: must be one of "a", "b"'],
  [z.literal('1.0'), undefined, 'data: is missing; it must be "1.0"'],
  [z.strictObject({}), { a: 1 }, 'data: unknown field "a"'],
  [z.strictObject({}), { a: 1, b: 1 }, 'data: unknown fields "a", "b"'],
  [z.iso.datetime(), 'now', 'data: must be a time of RFC 3339, such as 2026-01-02T03:04:05Z'],
  [z.string().regex(/^a/), 'b', 'data: must match /^a/'],
  [z.base64(), '*', 'data: has not the form "base64"'],
  [z.union([z.string(), z.boolean()]), 5, 'data: must be in one of the forms that its schema lists'],
  [z.string().refine(() => false), 'a', 'data: is not valid'],
  [z.string('of its own'), 5, 'data: of its own'],
  [z.string().refine(() => false, 'of its own'), 'a', 'data: of its own'],
])('a problem of %o is told in words', (schema, value, words) => {
  expect(problem(schema, value)).toBe(words)
})

test('a problem without a field has no colon', () => {
  expect(problem(z.string(), 5, '')).toBe('must be a text')
})
