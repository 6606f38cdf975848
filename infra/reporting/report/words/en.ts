import { clipped, named, partsOf, totalOf, type Words } from '../report-words.ts'

const VALUES: Words['values'] = {
  assistant: 'Machine',
  agent: 'Person',
  contained: 'Machine alone',
  escalated: 'With a person',
  customer_asked: 'Customer asked for a person',
  low_confidence: 'No reliable answer',
  low_quality: 'No answer of sufficient quality',
  task_failed: 'Technical failure',
  negative_feedback: 'Customer was unhappy',
  backlog: 'Too many questions at once',
  resolved: 'Resolved',
  escalated_resolved: 'Resolved by a person',
  answered: 'Answered',
  abandoned: 'Given up',
  agent_took_over: 'Taken over by the desk',
  product: 'Product',
  order: 'Order',
  shipping: 'Shipping',
  returns: 'Returns',
  technical: 'Technical help',
  account: 'Account',
  payment: 'Payment',
  smalltalk: 'Small talk',
  thanks: 'Thanks',
  person: 'Wants a person',
  feedback_positive: 'Praise',
  feedback_negative: 'Complaint',
  other: 'Other',
  reply_p95_ms: '95 % of replies within, ms (at most)',
  quality: 'Quality of answers (at least)',
  satisfaction: 'Satisfied customers (at least)',
  answered_in_time: 'Messages answered within 8 s (at least)',
  canary_minutes: 'Minutes in which the system worked (at least)',
  errors: 'Errors per input (at most)',
  en: 'English',
  zh: 'Chinese',
}

const UNKNOWN = 'Unknown'
const nameOf = (value: string | null | undefined): string => named({ values: VALUES, unknown: UNKNOWN }, value)
const cases = (count: number): string => (count === 1 ? 'case' : 'cases')

export const en: Words = {
  language: 'en',
  tag: 'en',
  title: 'Conversations report',
  tenant: 'Tenant',
  kind: 'Kind',
  period: 'Period',
  before: 'Compared with',
  comparison:
    'Below each figure: that of the period before, and the change. Figures of what is open now say so for the cases of each period.',
  beforeAnswer: 'The period before:',
  to: 'to',
  asOf: (seq, completeTo) => `The tables hold the log at least up to record ${seq}, and all decisions up to ${completeTo}.`,
  nothingProjected: 'The tables are still empty.',
  repairing: (tables) => `Figures may be too low: these tables are being made again from the log after damage: ${tables}.`,
  made: 'Created',
  contents: 'Questions',
  noData: 'There is no data for this period.',
  all: 'All',
  unknown: UNKNOWN,
  nobody: 'Nobody',
  more: (count) => `and ${count} more, in "colloquy questions"`,
  howCounted: 'How it is counted',
  times: (zone) => `All times are in the time zone ${zone}. A dash means unknown.`,
  noHistory: 'Imported history is not included.',
  historyCounts:
    'Imported history is included where it was imported with --count, and only in cases handled alone, first replies, returning '
    + 'customers, satisfaction, open cases, outcomes by intent and by label, and when customers come.',
  series: { escalated: 'With a person', contained: 'Machine alone', abandoned: 'Machine alone, given up' },
  values: VALUES,
  columns: {
    total: '',
    day: 'Day',
    closed: 'Closed',
    contained: 'Machine alone',
    contained_abandoned: 'of these given ' + 'up',
    containment_rate: 'Containment',
    responder: 'First reply by',
    cases: 'Cases',
    answered: 'Answered',
    waiting: 'Still waiting',
    never: 'Never answered',
    p50_ms: 'Median',
    p90_ms: '90 % within',
    p95_ms: '95 % within',
    max_ms: 'Longest',
    first_intent: 'First intent',
    repeated: 'Came back',
    pending: 'Too early to tell',
    repeat_rate: 'Repeat rate',
    reason: 'Reason',
    share: 'Share',
    resolved: 'Resolved',
    open: 'Open',
    series: 'Series',
    alerts: 'Alerts',
    acknowledged: 'Acknowledged',
    acknowledged_p50_ms: 'Until acknowledged, median',
    cleared_p50_ms: 'Until cleared, median',
    strategy: 'Strategy',
    arm: 'Arm',
    chosen: 'Chosen',
    rewarded: 'Rewarded',
    by_feedback: 'By feedback',
    reward: 'Reward, mean',
    reward_low: 'At least',
    reward_high: 'At most',
    texts: 'Texts',
    cost_per_text: 'Cost per text',
    team: 'Team',
    agent: 'Agent',
    assigned: 'With an agent',
    offers: 'Offers',
    without_offer: 'Taken without an offer',
    accepted: 'Accepted',
    declined: 'Declined',
    lapsed: 'No answer',
    withdrawn: 'Withdrawn',
    answer_p50_ms: 'Until accepted, median',
    handle_p50_ms: 'Handle time, median',
    returned: 'Returned',
    transferred: 'Transferred',
    lost: 'Lost',
    promise: 'Promise',
    missed: 'Missed',
    nobody: 'With nobody',
    about: 'About',
    type: 'Type of event',
    weeks: 'Weeks',
    events: 'Last 24 hours',
    usual: 'Usual',
    rise: 'Rise',
    expected: 'Expected',
    mean: 'Mean',
    band_low: 'At least',
    band_high: 'At most',
    surprise: 'Surprise',
    error_to_naive: 'Error to that of the week before',
    covered: 'In the band',
    way: 'How',
    cost: 'Cost',
    cost_unknown: 'Cost unknown',
    cost_per_resolved: 'Cost per resolved case',
    lang: 'Language',
    rated: 'Rated',
    rated_share: 'Rated share',
    average: 'Average',
    csat: 'Satisfied',
    r1: '1',
    r2: '2',
    r3: '3',
    r4: '4',
    r5: '5',
    kind: 'Kind',
    state: 'State',
    stays: 'Stays',
    hours: 'Time in all',
    now: 'There now',
    dropped: 'Lost ' + 'here',
    drop_share: 'Share of lost',
    hour: 'Hour',
    opened: 'Opened',
    escalated: 'Escalated',
    waiting_for_person: 'Waiting for a person',
    intent: 'Intent',
    ended: 'Closed',
    model: 'Model',
    model_version: 'Version',
    prompt_version: 'Prompt',
    answers: 'Answers',
    judged: 'Judged',
    p10: 'Lowest ' + 'tenth',
    low: 'Below 0.7',
    cost_per_answer: 'Cost per answer',
    tier: 'Tier',
    fallbacks: 'After a failure',
    complexity: 'Complexity',
    tokens_in: 'Tokens read',
    tokens_out: 'Tokens written',
    question: 'Question',
    example: 'As it was asked',
    asked: 'Asked',
    unanswered: 'No reply',
    last_at: 'Last',
    name: 'Task',
    tasks: 'Tasks',
    done: 'Done',
    failed: 'Failed',
    expired: 'Expired',
    stopped: 'No longer needed',
    running: 'Running',
    failure_rate: 'Failure rate',
    retried: 'Retried',
    queue_p50_ms: 'Queue, median',
    queue_p95_ms: 'Queue, 95 %',
    duration_p50_ms: 'Work, median',
    duration_p95_ms: 'Work, 95 %',
    top_error: 'Most frequent error',
    wordings: 'Wordings',
    no_reply: 'Without a reply',
    weekday: 'Weekday',
    hour_of_day: 'Hour',
    messages: 'Messages',
    value: 'Value',
    machine: 'Version',
    last_machine: 'Version at the end',
    crossed: 'Crossed',
    abandoned: 'Given up',
    resolution_rate: 'Resolved',
    comments: 'Comments',
    rating: 'Rating',
    comment: 'Comment',
    given_at: 'Given',
    actor: 'Conversation',
    outcome: 'Outcome',
    error_code: 'Error',
    attempts: 'Attempts',
    late_share: 'Share of successes',
    text_key: '',
    figure: 'Figure',
    aim: 'Aim',
    met: '',
    counted: 'Counted',
    one: 'Evaluator',
    other: 'and evaluator',
    mean_difference: 'Mean difference',
    agree_share: 'Agree',
    correlation: 'Correlation',
    turns: 'Turns',
    average_low: 'at least',
    average_high: 'at most',
    cost_per_turn: 'Cost per turn',
    cost_low: 'at least',
    cost_high: 'at most',
    handed: 'Handed over',
    handed_share: 'Share',
    handed_low: 'at least',
    handed_high: 'at most',
    age: 'After a change',
    stale: 'Rest on what changed',
    late: 'of them after a second',
    max_stale_ms: 'At most after',
  },
  questions: {
    containment: {
      title: 'How many cases does the machine handle alone?',
      definition:
        'Of the cases closed or handed to a person in the period, the share that the machine finished alone: no person was called in and '
        + 'none wrote. A case that waits for a person counts at once. "Given up" counts those of the machine alone whose customer left '
        + 'without a solution.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const given = all?.contained_abandoned ?? 0
        return (
          `${f.share(all?.containment_rate ?? null)} of ${f.count(all?.cases ?? 0)} ${cases(all?.cases ?? 0)} `
          + `ended without a person; people were called into ${f.count(all?.escalated ?? 0)}`
          + `${given === 0 ? '' : `. In ${f.count(given)} of the machine's the customer gave up`}.`
        )
      },
    },
    'first-response': {
      title: 'How fast is the first reply?',
      definition:
        'Time from the opening of a case to the first message of the machine or a person, for cases opened in the period in which a '
        + 'customer wrote.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.answered ?? 0) === 0) return `None of ${f.count(all?.cases ?? 0)} cases has a reply yet.`
        return (
          `Half of the customers had a reply within ${f.duration(all?.p50_ms ?? null)}, 95 % within `
          + `${f.duration(all?.p95_ms ?? null)}; ${f.count(all?.waiting ?? 0)} are still waiting.`
        )
      },
    },
    'repeat-contact': {
      title: 'How many customers come back within 72 hours?',
      definition:
        'The share of the cases closed in the period after which the same customer opened another one within 72 hours. A case '
        + 'counts when its 72 hours are over or its customer is back.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all?.repeat_rate == null) {
          return `It is too early to say: the 72 hours of all ${f.count(all?.closed ?? 0)} closed cases are not over.`
        }
        return (
          `After ${f.share(all.repeat_rate)} of the closed cases the customer came back within 72 hours `
          + `(${f.count(all.repeated)} of ${f.count(all.closed - all.pending)}).`
        )
      },
    },
    escalations: {
      title: 'Why are people called in?',
      definition: 'Cases that were first handed to a person in the period, by the reason that the machine gave.',
      summary: (rows, f) => {
        const [first] = partsOf(rows)
        const count = totalOf(rows)?.cases ?? 0
        return (
          `A person was called in for ${f.count(count)} ${cases(count)}, most often because: ${nameOf(first?.reason)} `
          + `(${f.share(first?.share ?? null)}).`
        )
      },
    },
    cost: {
      title: 'What does a resolved case cost?',
      definition:
        'The cost of the models for all cases closed in the period, including failed ones, divided by the number of resolved '
        + 'cases. The cost does not include the work of people.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all?.cost == null)
          return `None of ${f.count(all?.closed ?? 0)} closed cases has a known cost; ` + `${f.count(all?.resolved ?? 0)} were resolved.`
        const bound = all.cost_unknown === 0 ? '' : ` This is a lower bound: the cost of ${f.count(all.cost_unknown)} cases is unknown.`
        return all.cost_per_resolved === null
          ? `The closed cases cost ${f.money(all.cost)}, and none was resolved.${bound}`
          : `A resolved case cost ${f.money(all.cost_per_resolved)}: ${f.money(all.cost)} for ${f.count(all.resolved)} `
              + `resolved of ${f.count(all.closed)} closed cases.${bound}`
      },
    },
    satisfaction: {
      title: 'How satisfied are customers?',
      definition: 'Ratings from 1 (bad) to 5 (good) of cases opened in the period, the last one of each case. Satisfied means 4 or 5.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.rated ?? 0) === 0) return `None of ${f.count(all?.cases ?? 0)} cases has a rating.`
        return (
          `${f.share(all?.csat ?? null)} of ${f.count(all?.rated ?? 0)} ratings are 4 or 5, the average is `
          + `${f.decimal(all?.average ?? null)}; ${f.share(all?.rated_share ?? null)} of the cases have a rating.`
        )
      },
    },
    'time-in-state': {
      title: 'Where does time go, and where are customers lost?',
      definition:
        'How long cases stayed in each state, for stays that ended in the period, without the silence after the last message of an '
        + 'answered case; and the states in which customers were lost: they left without an answer, which a case that ends as answered '
        + 'or resolved has.',
      summary: (rows, f) => {
        const longest = rows[0]
        const worst = rows.toSorted((a, b) => b.dropped - a.dropped)[0]
        const lost =
          worst === undefined || worst.dropped === 0
            ? 'no customer was lost.'
            : `most customers were lost in ` + `"${clipped(worst.state)}" (${f.count(worst.dropped)}, ${f.share(worst.drop_share)}).`
        return `Most time was spent in "${clipped(longest?.state ?? '')}" (${f.hours(longest?.hours ?? 0)} in all); ${lost}`
      },
    },
    backlog: {
      title: 'How many cases are open, hour by hour?',
      definition: 'Cases that were open at the end of each hour, and how many of them waited for a person.',
      summary: (rows, f) => {
        const last = rows.at(-1)
        const peak = rows.toSorted((a, b) => b.open - a.open)[0]
        return (
          `${f.count(last?.open ?? 0)} cases are open at the end, ${f.count(last?.waiting_for_person ?? 0)} of them wait `
          + `for a person; the maximum was ${f.count(peak?.open ?? 0)}, in the hour from ${f.hour(peak?.hour ?? null)}.`
        )
      },
    },
    'intent-funnel': {
      title: 'What do customers want, and what is the outcome?',
      definition:
        'Cases opened in the period, by the first intent of the customer. Each step counts a part of the one before: '
        + 'answered, no person needed, closed, resolved.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        return (
          `Of ${f.count(all?.cases ?? 0)} cases ${f.count(all?.answered ?? 0)} were answered, `
          + `${f.count(all?.contained ?? 0)} of these without a person, and ${f.count(all?.resolved ?? 0)} of those were resolved; `
          + `the most frequent intent: ${nameOf(first?.intent)} (${f.count(first?.cases ?? 0)}).`
        )
      },
    },
    quality: {
      title: 'How good are the answers of each model and prompt?',
      definition:
        'Answers to questions of the period that name a model, with their quality from 0 to 1 where it was judged. ' + 'Below 0.7 is low.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.judged ?? 0) === 0) return `None of ${f.count(all?.answers ?? 0)} answers was judged.`
        return (
          `The average quality of ${f.count(all?.judged ?? 0)} judged answers is ${f.score(all?.average ?? null)}; `
          + `${f.count(all?.low ?? 0)} are below 0.7.`
        )
      },
    },
    'knowledge-gaps': {
      title: 'Which questions does the knowledge not answer?',
      definition:
        'Questions of the period for which a search of the knowledge had no hit. Questions that differ only in case '
        + 'or in the final mark count as one.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        return `Nothing was found for ${f.count(all?.asked ?? 0)} questions; most often: "${clipped(first?.example ?? '')}".`
      },
    },
    tasks: {
      title: 'Do the background tasks work?',
      definition:
        'Tasks, such as looking up and answering, that were started in the period: their outcomes, their time in the '
        + 'queue and their duration.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.share(all?.failure_rate ?? null)} of the tasks failed `
          + `(${f.count((all?.failed ?? 0) + (all?.expired ?? 0))} of ${f.count(all?.tasks ?? 0)}); 95 % waited at most `
          + `${f.duration(all?.queue_p95_ms ?? null)} in the queue.`
        )
      },
    },
    unanswered: {
      title: 'What do customers ask without an answer?',
      definition:
        'Questions of the period for which a search found nothing, or to which nobody has replied. Those that mean nearly the same count '
        + 'as one, by the vectors of the search index.',
      summary: (rows, f) => {
        const [first] = partsOf(rows)
        return (
          `${f.count(totalOf(rows)?.asked ?? 0)} questions have no answer; most often (${f.count(first?.asked ?? 0)} times, in `
          + `${f.count(first?.wordings ?? 0)} wordings): "${clipped(first?.example ?? '')}".`
        )
      },
    },
    'heat-map': {
      title: 'When do customers come?',
      definition: 'Cases opened in the period, by the weekday and hour of their opening. The table has the ten busiest hours.',
      summary: (rows, f) => {
        const busiest = partsOf(rows).toSorted((a, b) => b.cases - a.cases)[0]
        return (
          `${f.count(totalOf(rows)?.cases ?? 0)} ${cases(totalOf(rows)?.cases ?? 0)}; the busiest hour is `
          + `${f.weekday(busiest?.weekday ?? null)}, ${f.clock(busiest?.hour_of_day ?? null)} (${f.count(busiest?.cases ?? 0)}).`
        )
      },
    },
    'label-funnel': {
      title: 'How do cases differ by a fact of their label?',
      definition:
        'Cases opened in the period, by a value of the label of their conversation, as it stands now (default: the topic; --label names '
        + 'another). Each step is a part of the one before it.',
      summary: (rows, f) => {
        const first = partsOf(rows).find((row) => row.value !== null)
        return (
          `Of ${f.count(totalOf(rows)?.cases ?? 0)} ${cases(totalOf(rows)?.cases ?? 0)}, most were about `
          + `${nameOf(first?.value)}: ${f.count(first?.cases ?? 0)}, of which the machine alone resolved `
          + `${f.count(first?.resolved ?? 0)}.`
        )
      },
    },
    versions: {
      title: 'How do the versions of the machine differ?',
      definition:
        'Cases opened in the period, by the version of the machine that decided their first record. Cases that a newer version went '
        + 'on with are in rows of their own. Containment counts closed and escalated cases, resolution closed ones.',
      summary: (rows, f) => {
        const crossed = partsOf(rows).reduce((sum, row) => sum + (row.crossed ? row.cases : 0), 0)
        const versions = new Set(partsOf(rows).map(({ machine }) => machine)).size
        return (
          `${f.count(totalOf(rows)?.cases ?? 0)} ${cases(totalOf(rows)?.cases ?? 0)} under ${f.count(versions)} `
          + `version${versions === 1 ? '' : 's'}; ${f.count(crossed)} crossed from one to another.`
        )
      },
    },
    'rating-comments': {
      title: 'What do customers write with their ratings?',
      definition: 'Comments that came with ratings in the period, the newest first.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.comments ?? 0)} comments; their ratings average ${f.decimal(all?.rating ?? null)}.`
      },
    },
    'late-tasks': {
      title: 'Which tasks succeeded only after errors?',
      definition: 'Tasks that were started in the period and succeeded after failed attempts, by the error of the last failed attempt.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.tasks ?? 0)} tasks succeeded late: ${f.share(all?.late_share ?? null)} of all that succeeded.`
      },
    },
    'model-cost': {
      title: 'What does each language model cost?',
      definition:
        'Answers to questions of the period that name a model, with their tokens and their cost, also that of models which were asked '
        + 'before and failed. Tests and judgements are not among them.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        if (all?.cost == null) return `None of ${f.count(all?.answers ?? 0)} answers has a known cost.`
        const bound = all.cost_unknown === 0 ? '' : ` The cost of ${f.count(all.cost_unknown)} is unknown.`
        return `${f.count(all.answers)} answers cost ${f.money(all.cost)}; ${clipped(first?.model ?? '')} cost most.${bound}`
      },
    },
    kpi: {
      title: 'Are the aims met?',
      definition:
        'Speed, quality, satisfaction, availability and errors of the period, each with its aim. Availability is the share of messages '
        + 'with an answer within 8 seconds, and the share of minutes in which a test input of the cluster went through.',
      summary: (rows) => {
        const known = rows.filter(({ met }) => met !== null)
        const missed = known.filter(({ met }) => met === false).map(({ figure }) => nameOf(figure))
        if (missed.length === 0) return `All ${known.length} known figures meet their aims.`
        return `${known.length - missed.length} of ${known.length} known figures meet their aims; not met: ${missed.join('; ')}.`
      },
    },
    'evaluator-agreement': {
      title: 'Do evaluators judge alike?',
      definition:
        'Answers of the period that two evaluators judged, or an evaluator and a customer with a thumb up or down. Two agree where both '
        + 'find an answer good (from 0.7), or both do not.',
      summary: (rows, f) => {
        const [first] = rows
        return (
          `${first?.one ?? ''} and ${first?.other ?? ''} agree on ${f.share(first?.agree_share ?? null)} of `
          + `${f.count(first?.answers ?? 0)} answers.`
        )
      },
    },
    alerts: {
      title: 'Which alerts were raised?',
      definition:
        'Alerts that triggers raised in the period, by series, with the median times until somebody had seen them and they were over.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.alerts ?? 0)} alerts; ${f.count(all?.open ?? 0)} are open, ${f.count(all?.escalated ?? 0)} were escalated.`
      },
    },
    strategies: {
      title: 'Which way of writing does better?',
      definition:
        'What strategies for texts chose and learned in the period, by arm: choices, the mean reward with its 95 % interval, and what a '
        + 'text cost. Arms whose intervals overlap may be equal.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.chosen ?? 0)} choices, ${f.count(all?.rewarded ?? 0)} of them rewarded; `
          + `${f.count(all?.texts ?? 0)} texts were written, ${f.count(all?.failed ?? 0)} failed.`
        )
      },
    },
    'wait-for-a-person': {
      title: 'How long do people wait for a person?',
      definition: 'Cases that were offered to agents in the period, by team, with the time from the escalation until an agent had them.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.assigned ?? 0)} of ${f.count(all?.cases ?? 0)} cases got an agent, half of them within `
          + `${f.duration(all?.p50_ms ?? null)}; ${f.count(all?.waiting ?? 0)} wait.`
        )
      },
    },
    agents: {
      title: 'What do the agents do?',
      definition: 'Offers and cases of each agent in the period, with the median times until an offer was accepted, and of having a case.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.offers ?? 0)} offers, ${f.count(all?.lapsed ?? 0)} of them without an answer; `
          + `agents had ${f.count(all?.accepted ?? 0)} cases, ${f.count(all?.open ?? 0)} are open.`
        )
      },
    },
    sla: {
      title: 'Which promises of time were missed?',
      definition:
        'Promises of the first reply, the next reply and the resolution that were missed in the period, by team. Clocks stand still '
        + 'outside office hours.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.missed ?? 0)} promises were missed for ${f.count(all?.cases ?? 0)} cases, `
          + `${f.count(all?.nobody ?? 0)} of them while nobody had the case.`
        )
      },
    },
    trends: {
      title: 'What rises, and what is to be expected?',
      definition:
        'Events of the last 24 hours by kind and type, beside what the same hours of up to four earlier weeks had. A rise of 0 is as '
        + 'usual, of 0.69 twice as much; few events count little. The chart is the forecast of the next week, with the band that holds '
        + 'four of five hours.',
      summary: (rows, f) => {
        const [all, first] = rows.filter(({ about }) => about === 'series')
        const events = `${f.count(all?.events ?? 0)} events in the last 24 hours, where ${f.count(all?.usual ?? null)} are usual`
        return first?.type == null || (first.rise ?? 0) <= 0 ? `${events}.` : `${events}; ${clipped(first.type)} rises most.`
      },
    },
    'prompt-versions': {
      title: 'Which version of a prompt does better?',
      definition:
        'Questions of the period that a model answered, by the version of its prompt: quality, cost, and turns whose case was handed to a '
        + 'person afterwards. "At least" and "at most" are the bounds of the 95 % interval: versions whose intervals overlap may be equal.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const parts = partsOf(rows)
        return (
          `${f.count(all?.turns ?? 0)} turns with ${f.count(parts.length)} ${parts.length === 1 ? 'version' : 'versions'}; `
          + `${f.share(all?.handed_share ?? null)} were handed over.`
        )
      },
    },
    'cache-freshness': {
      title: 'Are answers that are given again up to date?',
      definition:
        'Answers of the period that were made for an earlier question, by the time from a change of knowledge, prompt, intents or settings '
        + 'to the task that gave them. None may rest on what changed more than a second before.',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all === undefined || all.answers === 0) return 'No answer was given again.'
        const late = all.late === 0 ? 'none' : f.count(all.late)
        return `${f.count(all.answers)} answers were given again; ${late} of them rested on what had changed more than a second before.`
      },
    },
  },
}
