import type { Migration } from '../../definition/earlier-versions.ts'
import { type Context, contextSchema } from './interest-context.ts'

/** What version 1 did not keep. */
const UNKNOWN = { recent: [], liked: [], disliked: [], segment: null, searches: [], favourite: null, shown: [], fresh: null }

/** Version 1 has the same states and fewer fields. A pending task goes on. */
export const fromVersion1: Migration<Context> = ({ value, context }) => ({
  value,
  context: contextSchema.parse({ ...UNKNOWN, ...context }),
  unknown: Object.keys(UNKNOWN),
})
