import type { LoggedRecord } from '../chaos-history.ts'
import type { ReportFinding } from '../findings.ts'
import { followAlerts } from './follow-alerts.ts'
import { followCalendars } from './follow-calendars.ts'
import { followConversations } from './follow-conversations.ts'
import { followDesk } from './follow-desk.ts'
import { followDocuments } from './follow-documents.ts'
import { followLists } from './follow-lists.ts'
import { followSocial } from './follow-social.ts'
import { followWriting } from './follow-writing.ts'
import { type Follower, kindIn } from './follower.ts'

const FOLLOWERS = [
  followConversations,
  followCalendars,
  followLists,
  followSocial,
  followDocuments,
  followWriting,
  followAlerts,
  followDesk,
]

/** Checks the actors of all applications: each kind by the follower that knows it. */
export function followApplications(report: ReportFinding): Pick<Follower, 'take' | 'finish'> {
  const followers = FOLLOWERS.map((create) => create(report))
  const byKind = new Map(followers.flatMap((follower) => follower.kinds.map((kind) => [kind, follower] as const)))
  return {
    take(entry: LoggedRecord) {
      if (entry.record.outcome === 'committed') byKind.get(kindIn(entry.actor))?.take(entry)
    },
    finish(readAtMs) {
      for (const follower of followers) follower.finish(readAtMs)
    },
  }
}
