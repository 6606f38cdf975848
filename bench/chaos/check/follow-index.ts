import type { IndexedText, LoggedRecord, Many } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'

/** Checks that the search index has the text of every message, and no other text. */
export interface Index {
  take(entry: LoggedRecord): void
  /** Must be called after the last record. */
  finish(indexed: Many<IndexedText>): Promise<void>
}

export function followIndex(report: ReportFinding): Index {
  const wanted = new Map<string, { isThere: boolean }>()
  const keyOf = ({ actor, id }: IndexedText): string => `${actor}/${id}`
  return {
    take({ actor, record: { input, outcome, emitted } }) {
      const want = (id: string): void => void wanted.set(keyOf({ actor, id }), { isThere: false })
      if (outcome === 'committed' && input.type === 'message.received') want(input.id)
      for (const { id, type } of emitted) if (type === 'message.sent') want(id)
    },
    async finish(indexed) {
      for await (const text of indexed) {
        const found = wanted.get(keyOf(text))
        if (found === undefined) report('index', `the search index has ${text.id} of ${text.actor} without a record`)
        else found.isThere = true
      }
      for (const [key, { isThere }] of wanted) if (!isThere) report('index', `the search index lacks ${key}`)
    },
  }
}
