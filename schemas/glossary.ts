import { z } from 'zod'

/** Bounds of the terms of a tenant. Characters are UTF-16 units. */
export const GLOSSARY_LIMITS = { termsMax: 300, termCharsMax: 64, languagesMax: 8 } as const

/** A language by its ISO 639 code, with or without a region or script: `en`, `zh-Hant`. */
export const languageCode = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$/, 'must be a language such as en or zh-Hant')
  .meta({ description: 'BCP 47' })

const term = z.string().trim().min(1).max(GLOSSARY_LIMITS.termCharsMax)
/** A term in several languages, by language. */
export const glossaryEntry = z
  .record(languageCode, term)
  .refine((entry) => Object.keys(entry).length >= 2, 'must have the term in at least two languages')
  .refine(
    (entry) => Object.keys(entry).length <= GLOSSARY_LIMITS.languagesMax,
    `must have at most ${GLOSSARY_LIMITS.languagesMax} languages`,
  )

/** The terms of a tenant: each is translated as it stands there. */
export const glossarySchema = z
  .array(glossaryEntry)
  .max(GLOSSARY_LIMITS.termsMax)
  .superRefine((entries, context) => {
    const seen = new Map<string, { readonly at: number; readonly translation: string }>()
    for (const [at, entry] of entries.entries()) {
      for (const [from, term] of Object.entries(entry)) {
        for (const [to, translation] of Object.entries(entry)) {
          if (from === to) continue
          const key = JSON.stringify([from, to, sameTerm(term)])
          const before = seen.get(key)
          if (before === undefined) seen.set(key, { at, translation })
          else if (sameTerm(before.translation) !== sameTerm(translation)) {
            const other = `${JSON.stringify(before.translation)} (entry ${before.at + 1})`
            const message = `translates ${JSON.stringify(term)} into ${to} as ${JSON.stringify(translation)}, and before as ${other}`
            context.addIssue({ code: 'custom', path: [at, to], message })
          }
        }
      }
    }
  })
const sameTerm = (term: string): string => term.normalize('NFKC').toLowerCase()
export type Glossary = z.output<typeof glossarySchema>
