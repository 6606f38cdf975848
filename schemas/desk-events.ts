import { z } from 'zod'
import { TOKEN } from './subjects.ts'
import { isZone, spanMs, spanSchema } from './trigger-events.ts'

/**
 * The kind that hands cases to people: one actor a team, whose id is the name of the team.
 *
 * | from | to | event | meaning |
 * |---|---|---|---|
 * | case | desk | `case.waiting` | a case asks for a person; repeated each minute until `case.queued` or `case.assigned` comes |
 * | desk | case | `case.queued` | the desk has the case, with its place, and when the office opens where it is closed |
 * | desk | case | `case.called` | a place is free for a case that the desk could not take: it should ask again now, not in a minute |
 * | desk | OUT | `case.offered`, `offer.ended` | an agent is asked to take it; he did not |
 * | agent | desk | `case.accepted`, `case.declined` | the answer |
 * | desk | OUT | `case.refused` | what an agent wanted to do with a case cannot be done: another one has it, … |
 * | desk | case, OUT | `case.assigned` | an agent has it; the machine is silent |
 * | case | desk | `case.replied`, `case.asked` | a person, or the customer, wrote: clocks of the next reply |
 * | agent | desk | `case.returned`, `case.transferred` | back to the machine with what was agreed; on to an agent or a team |
 * | desk | case, OUT | `case.released` | the agent has it no longer, and why |
 * | desk | case | `case.misdirected` | it was transferred to a team that is none: it asks again where it came from |
 * | case | desk | `case.ended` | the case is closed; nothing comes back |
 * | desk | case, OUT | `case.overdue` | a promise of time was missed |
 */
export const DESK_KIND = 'desk'
/** The team of cases that name none. */
export const DEFAULT_TEAM = 'support'

/** Bounds of a team. With all of them at their longest, its state stays within 64 KiB. */
export const DESK_LIMITS = {
  /** Open cases that a desk holds; a further one waits in its actor, and is taken when a place is free. */
  casesMax: 200,
  /** Cases beyond that the desk remembers: those that are next. */
  outsideMax: 8,
  agentsMax: 100,
  /** UTF-16 units and bytes of the name of an agent: 48 Latin letters, or 24 Chinese characters. */
  agentCharsMax: 48,
  agentBytesMax: 72,
  /** Skills and languages of an agent, UTF-16 units and bytes of a skill. */
  skillsMax: 8,
  skillCharsMax: 24,
  skillBytesMax: 48,
  languagesMax: 4,
  /** Different skills, languages and kinds of cases that a team has to do with at one time. */
  teamSkillsMax: 32,
  teamLanguagesMax: 16,
  teamKindsMax: 8,
  /** Cases that an agent may have at one time. */
  capacityMax: 20,
  /** UTF-16 units of a summary, a note and an agreement. */
  summaryCharsMax: 1_000,
  noteCharsMax: 4_000,
  /** Canned replies of a team that its inbox lists; UTF-16 units of one and of its name, and languages in which it is. */
  cannedMax: 200,
  cannedCharsMax: 2_000,
  cannedNameCharsMax: 64,
  cannedLanguagesMax: 8,
  /** Parts of the office hours, and days on which the office is closed. */
  hoursMax: 14,
  holidaysMax: 40,
} as const

const { agentCharsMax, agentBytesMax, skillCharsMax, skillBytesMax, skillsMax, languagesMax, summaryCharsMax } = DESK_LIMITS

/** A name without control characters, whose JSON is as long as its UTF-8. */
const nameSchema = (charsMax: number, bytesMax: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(charsMax)
    .regex(/^[^\p{Cc}"\\]*$/u, 'must have no control characters, quotation marks and backslashes')
    .refine((text) => Buffer.byteLength(text) <= bytesMax, `must have at most ${bytesMax} bytes in UTF-8`)

/** Name of an agent: what a person is called at the desk and in the tables. */
export const agentSchema = nameSchema(agentCharsMax, agentBytesMax).meta({ description: 'Name of the agent' })
const teamSchema = z.string().regex(TOKEN).meta({ description: 'Name of a team: the id of its desk' })
const skillSchema = nameSchema(skillCharsMax, skillBytesMax)
const languageCode = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must be a language such as zh or en-GB')
  .max(16)
  .meta({ description: 'BCP 47, such as zh or en-GB; only the language counts' })
const at = z.iso.datetime()

/** A case by its actor. */
export const caseRefSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}\/[A-Za-z0-9_-]{1,128}$/, 'must be <kind>/<id> of an actor')
  .meta({ description: 'The actor of the case, as kind/id' })
const ofCase = { case: caseRefSchema } as const
const ofAgent = { ...ofCase, agent: agentSchema } as const

/** What counts for the order of those that wait: the higher one is first, then the one that waits longest. */
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const

/** The promises of time that a desk keeps. Their clocks stand still outside office hours. */
export const SLA_CLOCKS = ['first_reply', 'next_reply', 'resolution'] as const
export type SlaClock = (typeof SLA_CLOCKS)[number]

const startTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:00, at most 23:59')
const endTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time such as 18:00, at most 24:00')
const spanFrom = (least: string) =>
  spanSchema.refine((text) => (spanMs(text) ?? Infinity) >= (spanMs(least) ?? 0), `must be at least ${least}`)

/** Settings of a team; each `team.set` replaces all. */
export const teamSet = z.strictObject({
  timezone: z
    .string()
    .max(64)
    .refine(isZone, 'must be an IANA time zone such as Asia/Shanghai')
    .default('UTC')
    .meta({ description: 'IANA time zone of the hours, such as Asia/Shanghai' }),
  hours: z
    .array(
      z
        .strictObject({
          days: z.array(z.int().min(1).max(7)).min(1).max(7).meta({ description: '1: Monday' }),
          from: startTime,
          to: endTime,
        })
        .refine(({ from, to }) => from !== to, { path: ['to'], error: 'must differ from `from`; write 00:00 to 24:00 for a whole day' }),
    )
    .min(1)
    .max(DESK_LIMITS.hoursMax)
    .optional()
    .meta({ description: 'Office hours (default: always open); parts may overlap, and `to` before `from` ends on the next day' }),
  holidays: z
    .array(z.string().refine((day) => z.iso.date().safeParse(day).success, 'must be a day such as 2026-12-25'))
    .max(DESK_LIMITS.holidaysMax)
    .optional()
    .meta({ description: 'Days on which no part of the office hours begins' }),
  sla: z
    .strictObject({ firstReply: spanFrom('1s').optional(), nextReply: spanFrom('1s').optional(), resolution: spanFrom('1s').optional() })
    .optional()
    .meta({ description: 'Spans of office time, such as 5m, 2h or 3d; only firstReply has a default, 30m' }),
  offerFor: spanFrom('5s').default('60s').meta({ description: 'How long an agent may think about an offer; then it goes to the next' }),
  awayAfter: spanFrom('1m').default('15m').meta({ description: 'An agent who does nothing for so long is offline, and his cases go back' }),
})
export type TeamSettings = z.output<typeof teamSet>

/** Somebody of the team is there. Repeated each minute or so, it says that he still is; what it names replaces what was said before. */
export const agentOnline = z.strictObject({
  agent: agentSchema,
  skills: z.array(skillSchema).max(skillsMax).optional(),
  languages: z.array(languageCode).max(languagesMax).optional().meta({ description: 'Default: all' }),
  capacity: z.int().min(1).max(DESK_LIMITS.capacityMax).optional().meta({ description: 'Cases at one time (default 3)' }),
})
/** Somebody goes: no more offers. With `release`, the cases that he has go back to the queue. */
export const agentOffline = z.strictObject({ agent: agentSchema, release: z.boolean().optional() })

const note = z.string().max(summaryCharsMax)
/** A case asks its desk for a person. Sent by the case. */
export const caseWaiting = z.object({
  reason: z.string().max(64).meta({ description: 'As in `escalated`' }),
  since: at.meta({ description: 'When it was escalated' }),
  skill: skillSchema.optional().meta({ description: 'Only agents who have it (default: all)' }),
  lang: languageCode.optional(),
  priority: z.enum(PRIORITIES).default('normal'),
  customer: z.string().max(128).optional(),
  summary: z
    .string()
    .max(summaryCharsMax)
    .optional()
    .meta({ description: 'What was asked and tried, for the agent; it goes into the offer' }),
  transcript: z
    .object({ from: at, to: at })
    .optional()
    .meta({ description: 'When its first message arrived, and when it asks: its rows of `messages` by `committed_at`' }),
  askedAt: at.optional().meta({ description: 'Where a person has replied before: since when the customer waits for the next reply' }),
  missed: z
    .array(z.enum(SLA_CLOCKS))
    .max(SLA_CLOCKS.length)
    .optional()
    .meta({ description: 'Promises of which the case was told that they were missed' }),
  from: z
    .object({ team: teamSchema, agent: agentSchema, note: note.optional() })
    .optional()
    .meta({ description: 'Who transferred it to this team' }),
  unknownTeam: z
    .object({ team: teamSchema, agent: agentSchema })
    .optional()
    .meta({ description: 'The team to which the agent handed it on, and which is none: he has it back, or the queue' }),
})
/** The customer wrote while a person has the case, or while it waits. Sent by the case. */
export const caseAsked = z.object({})
/** A person wrote to the customer. Sent by the case. */
export const caseReplied = z.object({ agent: agentSchema })
/** The case is closed. Sent by the case. */
export const caseEnded = z.object({ outcome: z.string().max(64) })

export const caseAccepted = z
  .strictObject({ ...ofAgent })
  .meta({ description: 'The agent takes the case: one that was offered to him, or one that waits' })
export const caseDeclined = z
  .strictObject({ ...ofAgent, why: z.string().max(200).optional() })
  .meta({ description: 'The agent does not take it' })
export const caseReturned = z
  .strictObject({ ...ofAgent, agreed: z.string().max(summaryCharsMax).optional() })
  .meta({ description: 'Back to the machine, with what was agreed' })
export const caseTransferred = z
  .strictObject({
    ...ofAgent,
    to: z.strictObject({ agent: agentSchema.optional(), team: teamSchema.optional() }).transform((to, context) => {
      if (to.agent !== undefined && to.team === undefined) return { agent: to.agent }
      if (to.team !== undefined && to.agent === undefined) return { team: to.team }
      context.addIssue({ code: 'custom', message: 'must have `agent` or `team`, one of them' })
      return z.NEVER
    }),
    note: z.string().max(summaryCharsMax).optional(),
  })
  .meta({ description: 'On to another agent, or to another team' })

/** The desk has the case. Sent to the case. */
export const caseQueued = z.object({
  team: teamSchema,
  place: z.int().positive().meta({ description: '1: the next' }),
  opensAt: at.nullable().meta({ description: 'When the office opens; null: it is open' }),
  timezone: z.string().max(64).optional().meta({ description: 'IANA time zone of the office, in which customers are told (default UTC)' }),
})
/** There is a place for a case that the desk could not take. Sent to the case, which asks again at once. */
export const caseCalled = z.object({ team: teamSchema })
/** A team that nobody has set, and to which no agent has come, takes no case of another team. Sent to the case, which asks there again. */
export const caseMisdirected = z.object({ team: teamSchema })
/** An agent has the case. Sent to the case. */
export const caseAssigned = z.object({
  team: teamSchema,
  agent: agentSchema,
  offeredAt: at.nullable().meta({ description: 'null: the agent took it without an offer' }),
  waitedMs: z.int().nonnegative().meta({ description: 'Since it was escalated' }),
})
export const RELEASES = ['returned', 'transferred', 'away', 'offline', 'resolved'] as const
export type Release = (typeof RELEASES)[number]
/**
 * The agent has the case no longer. Sent to the case, unless the case itself has ended; with `returned`, the machine goes on. With
 * `transferred` and no `to`, and with `away` and `offline`, the desk still has the case.
 */
export const caseReleased = z.object({
  team: teamSchema,
  agent: agentSchema,
  why: z.enum(RELEASES),
  agreed: z.string().max(summaryCharsMax).optional(),
  to: teamSchema.optional().meta({ description: 'The team that it was transferred to: the case itself asks that desk' }),
  note: z.string().max(summaryCharsMax).optional().meta({ description: 'For the next agent, where it was transferred' }),
  handledMs: z.int().nonnegative().meta({ description: 'Since it was assigned' }),
})
/** A promise of time was missed: once a case, and the next reply once a message. Sent to the case, and emitted. */
export const caseOverdue = z.object({ ...ofCase, team: teamSchema, clock: z.enum(SLA_CLOCKS), agent: agentSchema.nullable(), dueAt: at })
/** An agent is asked to take a case. Emitted. */
export const caseOffered = z.object({
  ...ofAgent,
  until: at,
  lang: languageCode.nullable(),
  skill: skillSchema.nullable(),
  priority: z.enum(PRIORITIES),
  waitedMs: z.int().nonnegative(),
  reason: z.string().optional().meta({ description: 'Where the case has just asked; later, its own record tells' }),
  summary: z.string().max(summaryCharsMax).optional().meta({ description: 'The same' }),
  note: note.optional().meta({ description: 'Of the colleague who has just handed it on' }),
})
export const OFFER_ENDS = ['declined', 'lapsed', 'withdrawn'] as const
/** An agent did not take what was offered to him: he declined, did not answer in time, or it was taken back. Emitted. */
export const offerEnded = z.object({ ...ofAgent, why: z.enum(OFFER_ENDS) })
/** What became of a case at the desk, as the case is told. Emitted. */
export const deskAssigned = caseAssigned.extend(ofCase)
export const deskReleased = caseReleased.extend(ofCase)
export const REFUSALS = ['no_such_case', 'unknown_agent', 'taken', 'not_yours', 'no_capacity', 'unavailable', 'unknown_team'] as const
/**
 * An agent cannot do with a case what he wanted. `unavailable`: the agent to whom it should go is not there; `unknown_team`: there is no
 * such team. Emitted.
 */
export const caseRefused = z.object({ ...ofAgent, why: z.enum(REFUSALS) })

/** What an inbox puts into a canned reply. `name`: what the customer wants to be called. */
export const CANNED_VARIABLES = ['customer', 'name', 'agent', 'case', 'team'] as const
const VARIABLE = /\{\{([^{}]*)\}\}/g

const cannedText = z
  .string()
  .trim()
  .min(1)
  .max(DESK_LIMITS.cannedCharsMax)
  .superRefine((text, context) => {
    for (const [, given = ''] of text.matchAll(VARIABLE)) {
      const name = given.trim()
      if (CANNED_VARIABLES.some((one) => one === name)) continue
      context.addIssue({ code: 'custom', message: `has {{ ${name} }}; there is ${CANNED_VARIABLES.join(', ')}` })
    }
  })
const cannedName = nameSchema(DESK_LIMITS.cannedNameCharsMax, 3 * DESK_LIMITS.cannedNameCharsMax).meta({
  description: 'Its name in the inbox',
})

/** A text that agents send often, in the languages of the customers; it replaces what had its name. Recorded, and not kept in the state. */
export const cannedSet = z.strictObject({
  name: cannedName,
  texts: z
    .record(languageCode, cannedText)
    .refine((texts) => Object.keys(texts).length > 0, 'must have at least one text')
    .refine(
      (texts) => Object.keys(texts).length <= DESK_LIMITS.cannedLanguagesMax,
      `must have at most ${DESK_LIMITS.cannedLanguagesMax} languages`,
    )
    .meta({ description: `By language, such as zh or en; variables are ${CANNED_VARIABLES.map((name) => `{{ ${name} }}`).join(', ')}` }),
})
export const cannedRemoved = z.strictObject({ name: cannedName })

/** A private note about the case: people of the team see it, the customer and models do not. Sent to the actor of the case. */
export const noteAdded = z.strictObject({ agent: agentSchema, text: z.string().trim().min(1).max(DESK_LIMITS.noteCharsMax) })
