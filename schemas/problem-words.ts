import { z } from 'zod'

/** How texts name the types of JSON. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
}
const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time of RFC 3339, such as 2026-01-02T03:04:05Z',
  date: 'a date, such as 2026-01-02',
  email: 'an email address',
  url: 'a URL',
  uuid: 'a UUID',
}
const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', map: 'entries', file: 'bytes' }

/**
 * The parameter of `safeParse` that words problems as the rest of Colloquy does. A message that a schema has itself goes before it. It is
 * given at each call, because zod's global setting is that of the program which uses the package.
 */
export const IN_WORDS = { error: (issue: z.core.$ZodRawIssue): string => wordsOf(issue) } as const

/** The first problem of a failed validation, as one line that names the field. */
export function zodProblem(error: z.ZodError, root: string): string {
  const issue = error.issues[0]
  return issue === undefined ? `${root} is not valid` : lineOf(issue, root)
}

/** All problems of a failed validation, each as one line that names its field. */
export const zodProblems = (error: z.ZodError, root: string): string[] => error.issues.map((issue) => lineOf(issue, root))

function lineOf(issue: z.core.$ZodIssue, root: string): string {
  const field = [root, ...issue.path.map(String)].filter((part) => part !== '').join('.')
  return field === '' ? issue.message : `${field}: ${issue.message}`
}

function wordsOf(issue: z.core.$ZodRawIssue): string {
  const must = (be: string): string => (issue.input === undefined ? `is missing; it must be ${be}` : `must be ${be}`)
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'nonoptional') return 'is missing'
      return must(TYPES[issue.expected] ?? issue.expected)
    case 'invalid_value': {
      const values = issue.values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value)))
      return must(values.length === 1 ? values.join() : `one of ${values.join(', ')}`)
    }
    case 'invalid_format':
      if (issue.format === 'regex') return `must match ${issue.pattern ?? 'a pattern'}`
      return FORMATS[issue.format] === undefined ? `has not the form "${issue.format}"` : must(FORMATS[issue.format] ?? '')
    case 'too_small':
      return bound(issue.origin, issue.minimum, issue.inclusive !== false ? 'at least' : 'more than')
    case 'too_big':
      return bound(issue.origin, issue.maximum, issue.inclusive !== false ? 'at most' : 'less than')
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return `unknown field${issue.keys.length === 1 ? '' : 's'} ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
    case 'invalid_union':
      return must('in one of the forms that its schema lists')
    default:
      return 'is not valid'
  }
}

function bound(origin: string, limit: number | bigint, how: string): string {
  const unit = UNITS[origin]
  if (unit === undefined) return `must be ${how} ${limit}`
  if (how === 'at least' && Number(limit) === 1) return 'must not be empty'
  return `must have ${how} ${limit} ${Number(limit) === 1 ? unit.replace(/ies$/, 'y').replace(/s$/, '') : unit}`
}
