import { hash } from 'node:crypto'
import { z } from 'zod'
import { type TemplateSet, templateSet } from '../../../schemas/document-events.ts'

/** A version of a template as its object has it. */
export const templateSource = templateSet.omit({ note: true })
export type TemplateSource = z.output<typeof templateSource>

const HASH_CHARS = 12

/** A hash of all that makes a version another one. */
export const sourceHash = ({ text, schema, lang, title }: TemplateSet): string =>
  hash('sha256', JSON.stringify([text, schema ?? null, lang, title ?? null])).slice(0, HASH_CHARS)
