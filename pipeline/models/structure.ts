import { z } from 'zod'
import type { GenerationMessage } from '../../actors/definition/task-generation.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { jsonIn } from '../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'

/** @throws ColloquyError `model_structure` where the text is no JSON that fits the schema */
export function readStructure(text: string, schema: z.ZodType, model: string): unknown {
  const value = jsonIn(text)
  if (value === undefined) throw new ColloquyError('model_structure', `the answer of ${model} is no JSON: ${text.slice(0, 200)}`)
  const read = schema.safeParse(value, IN_WORDS)
  if (read.success) return read.data
  throw new ColloquyError('model_structure', `the answer of ${model} has another form: ${zodProblem(read.error, '')}`)
}

/** Puts the form before the messages, in words: few endpoints take a schema, and none all of JSON Schema. */
export function withForm(messages: readonly GenerationMessage[], schema: z.ZodType): readonly GenerationMessage[] {
  const { $schema: _, ...form } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const content = `Answer with one JSON value that matches this JSON Schema, and nothing else:\n${JSON.stringify(form)}`
  return [{ role: 'system', content }, ...messages]
}
