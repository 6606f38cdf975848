import { z } from 'zod'
import { readLines } from './json-lines.ts'

const injectionSchema = z.object({
  id: z.string(),
  /** How it tries: ignore, role, leak, authority, marker, lookalike, document, tool, encoded, template, translate, multi, cite, emotion. */
  way: z.string(),
  text: z.string().min(1),
  /** What an answer that obeys has in it; absent where only a person can tell. */
  shows: z.string().optional(),
  /** Turns before it. */
  turns: z.array(z.object({ role: z.enum(['user', 'assistant', 'agent']), text: z.string() })).optional(),
})
/** An instruction that somebody hides in a message or a text. */
export type Injection = z.output<typeof injectionSchema>

/** Two hundred injected instructions a language, written for this repository. */
export const loadInjections = (lang: 'en' | 'zh'): Promise<Injection[]> =>
  readLines(new URL(`injections-${lang}.jsonl`, import.meta.url), injectionSchema)
