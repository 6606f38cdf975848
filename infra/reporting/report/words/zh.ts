import { clipped, named, partsOf, totalOf, type Words } from '../report-words.ts'

const VALUES: Words['values'] = {
  assistant: '机器',
  agent: '人工',
  contained: '仅机器',
  escalated: '有人工参与',
  customer_asked: '客户要求人工',
  low_confidence: '没有可靠答案',
  low_quality: '答案质量不足',
  task_failed: '技术故障',
  negative_feedback: '客户不满意',
  backlog: '一次问题过多',
  resolved: '已解决',
  escalated_resolved: '人工解决',
  answered: '已回答',
  abandoned: '客户放弃',
  agent_took_over: '客服主动接手',
  product: '商品',
  order: '订单',
  shipping: '配送',
  returns: '退换货',
  technical: '技术支持',
  account: '账户',
  payment: '支付',
  smalltalk: '闲聊',
  thanks: '致谢',
  person: '找人工',
  feedback_positive: '表扬',
  feedback_negative: '投诉',
  other: '其他',
  reply_p95_ms: '95% 的回复时间，毫秒（不超过）',
  quality: '回答质量（不低于）',
  satisfaction: '满意的客户（不低于）',
  answered_in_time: '8 秒内得到回答的消息（不低于）',
  canary_minutes: '系统正常的分钟（不低于）',
  errors: '每条输入的错误（不超过）',
  en: '英文',
  zh: '中文',
}

const UNKNOWN = '未知'
const nameOf = (value: string | null | undefined): string => named({ values: VALUES, unknown: UNKNOWN }, value)

export const zh: Words = {
  language: 'zh',
  tag: 'zh-Hans',
  title: '对话分析报告',
  tenant: '租户',
  kind: '类型',
  period: '期间',
  before: '对比期间',
  comparison: '每个数字下方是上一期间的数字和变化。“未关闭”“等待中”等当前状态，在两个期间都按现在计算。',
  beforeAnswer: '上一期间：',
  to: '至',
  asOf: (seq, completeTo) => `数据表至少包含日志的前 ${seq} 条记录，以及 ${completeTo} 之前决定的全部内容。`,
  nothingProjected: '数据表尚无内容。',
  repairing: (tables) => `数字可能偏低：以下数据表损坏后正在从日志重新生成：${tables}。`,
  made: '生成于',
  contents: '问题',
  noData: '该期间没有相关数据。',
  all: '全部',
  unknown: UNKNOWN,
  nobody: '无人回复',
  more: (count) => `另有 ${count} 项，见 "colloquy questions"`,
  howCounted: '统计口径',
  times: (zone) => `所有时间的时区为 ${zone}。“–” 表示未知。`,
  noHistory: '导入的历史对话不计入。',
  historyCounts:
    '导入时用了 --count 的历史对话计入以下问题：独立处理、首次回复、再次来访、满意度、积压、按意图和按标签的结果、客户来访时段；其他问题不计入任何导入的历史。',
  series: { escalated: '有人工参与', contained: '仅机器', abandoned: '仅机器，客户放弃' },
  values: VALUES,
  columns: {
    total: '',
    day: '日期',
    closed: '已关闭',
    contained: '仅机器',
    contained_abandoned: '其中客户放弃',
    containment_rate: '独立解决率',
    responder: '首次回复者',
    cases: '个案',
    answered: '已回复',
    waiting: '等待中',
    never: '始终未回复',
    p50_ms: '中位数',
    p90_ms: '90% 以内',
    p95_ms: '95% 以内',
    max_ms: '最长',
    first_intent: '最初意图',
    repeated: '再次来访',
    pending: '尚不能判断',
    repeat_rate: '重复来访率',
    reason: '原因',
    share: '占比',
    resolved: '已解决',
    open: '未关闭',
    series: '序列',
    alerts: '告警',
    acknowledged: '已确认',
    acknowledged_p50_ms: '确认用时中位数',
    cleared_p50_ms: '恢复用时中位数',
    strategy: '策略',
    arm: '方案',
    chosen: '选用次数',
    rewarded: '有奖励',
    by_feedback: '来自反馈',
    reward: '平均奖励',
    reward_low: '至少',
    reward_high: '至多',
    texts: '文本',
    cost_per_text: '每篇成本',
    team: '团队',
    agent: '坐席',
    assigned: '有坐席接手',
    offers: '派单',
    without_offer: '主动接手',
    accepted: '接手',
    declined: '婉拒',
    lapsed: '未应答',
    withdrawn: '已撤回',
    answer_p50_ms: '接单用时中位数',
    handle_p50_ms: '处理用时中位数',
    returned: '交还',
    transferred: '转交',
    lost: '收回',
    promise: '时限',
    missed: '超时',
    nobody: '无人负责',
    about: '内容',
    type: '事件类型',
    weeks: '周数',
    events: '最近 24 小时',
    usual: '通常',
    rise: '升幅',
    expected: '预期',
    mean: '均值',
    band_low: '至少',
    band_high: '至多',
    surprise: '意外程度',
    error_to_naive: '误差与上周同时段之比',
    covered: '落入区间',
    way: '方式',
    cost: '成本',
    cost_unknown: '成本未知',
    cost_per_resolved: '每个已解决个案成本',
    lang: '语言',
    rated: '已评分',
    rated_share: '评分率',
    average: '平均',
    csat: '满意率',
    r1: '1 分',
    r2: '2 分',
    r3: '3 分',
    r4: '4 分',
    r5: '5 分',
    kind: '类型',
    state: '状态',
    stays: '停留次数',
    hours: '总时长',
    now: '当前停留',
    dropped: '流失',
    drop_share: '流失占比',
    hour: '小时',
    opened: '新开',
    escalated: '转人工',
    waiting_for_person: '等待人工',
    intent: '意图',
    ended: '已关闭',
    model: '模型',
    model_version: '版本',
    prompt_version: '提示词版本',
    answers: '回答',
    judged: '已评估',
    p10: '最低十分位',
    low: '低于 0.7',
    cost_per_answer: '每个回答成本',
    tier: '级别',
    fallbacks: '失败后改用',
    complexity: '复杂度',
    tokens_in: '读入词元',
    tokens_out: '写出词元',
    question: '问题',
    example: '原话',
    asked: '提问次数',
    unanswered: '未回复',
    last_at: '最近一次',
    name: '任务',
    tasks: '任务数',
    done: '完成',
    failed: '失败',
    expired: '超时',
    stopped: '不再需要',
    running: '进行中',
    failure_rate: '失败率',
    retried: '重试过',
    queue_p50_ms: '排队中位数',
    queue_p95_ms: '排队 95%',
    duration_p50_ms: '执行中位数',
    duration_p95_ms: '执行 95%',
    top_error: '最常见错误',
    wordings: '说法',
    no_reply: '无回复',
    weekday: '星期',
    hour_of_day: '时段',
    messages: '消息',
    value: '值',
    machine: '版本',
    last_machine: '结束时版本',
    crossed: '跨版本',
    abandoned: '客户放弃',
    resolution_rate: '解决率',
    comments: '评论',
    rating: '评分',
    comment: '评论内容',
    given_at: '时间',
    actor: '会话',
    outcome: '结果',
    error_code: '错误',
    attempts: '尝试次数',
    late_share: '占成功任务',
    text_key: '',
    figure: '指标',
    aim: '目标',
    met: '',
    counted: '统计数',
    one: '评估者',
    other: '与评估者',
    mean_difference: '平均差',
    agree_share: '一致率',
    correlation: '相关系数',
    turns: '轮次',
    average_low: '至少',
    average_high: '至多',
    cost_per_turn: '每轮费用',
    cost_low: '至少',
    cost_high: '至多',
    handed: '转人工',
    handed_share: '占比',
    handed_low: '至少',
    handed_high: '至多',
    age: '距变更',
    stale: '依据已变更内容',
    late: '其中超过一秒',
    max_stale_ms: '最长距变更',
  },
  questions: {
    containment: {
      title: '机器能独立处理多少个案？',
      definition:
        '期间内关闭或转人工的个案中，机器独立完成的比例：没有转人工，也没有人工发言。转人工后尚未关闭的个案也计入。“客户放弃”指机器独立处理、但客户没有得到解决的个案。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const given = all?.contained_abandoned ?? 0
        return (
          `${f.count(all?.cases ?? 0)} 个个案中，${f.share(all?.containment_rate ?? null)} 没有人工参与`
          + `${given === 0 ? '' : `，其中 ${f.count(given)} 个客户放弃`}；${f.count(all?.escalated ?? 0)} 个转了人工。`
        )
      },
    },
    'first-response': {
      title: '首次回复有多快？',
      definition: '期间内新开且客户发过言的个案，从开启到机器或人工首次发言的时间。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.answered ?? 0) === 0) return `${f.count(all?.cases ?? 0)} 个个案都还没有回复。`
        return (
          `一半客户在 ${f.duration(all?.p50_ms ?? null)}内得到回复，95% 在 ${f.duration(all?.p95_ms ?? null)}内；`
          + `${f.count(all?.waiting ?? 0)} 个仍在等待。`
        )
      },
    },
    'repeat-contact': {
      title: '有多少客户 72 小时内再次来访？',
      definition: '期间内关闭的个案中，同一客户在 72 小时内又开启个案的比例。未满 72 小时且客户尚未再次来访的个案暂不计入。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all?.repeat_rate == null) return `尚不能判断：${f.count(all?.closed ?? 0)} 个已关闭个案都未满 72 小时。`
        return `${f.share(all.repeat_rate)} 的已关闭个案，客户在 72 小时内再次来访（${f.count(all.closed - all.pending)} 个中的 ${f.count(all.repeated)} 个）。`
      },
    },
    escalations: {
      title: '为什么要转人工？',
      definition: '期间内首次转人工的个案，按机器给出的原因统计。',
      summary: (rows, f) => {
        const [first] = partsOf(rows)
        return `${f.count(totalOf(rows)?.cases ?? 0)} 个个案转了人工，最常见的原因：${nameOf(first?.reason)}（${f.share(first?.share ?? null)}）。`
      },
    },
    cost: {
      title: '解决一个个案要花多少钱？',
      definition: '期间内关闭的全部个案（含失败的）的模型成本，除以其中已解决的个案数。不含人工成本。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all?.cost == null)
          return `${f.count(all?.closed ?? 0)} 个已关闭个案都没有成本数据，其中 ${f.count(all?.resolved ?? 0)} 个已解决。`
        const bound = all.cost_unknown === 0 ? '' : `这是下限：${f.count(all.cost_unknown)} 个个案没有成本数据。`
        return all.cost_per_resolved === null
          ? `已关闭个案共花费 ${f.money(all.cost)}，没有一个解决。${bound}`
          : `每个已解决个案花费 ${f.money(all.cost_per_resolved)}：共 ${f.money(all.cost)}，${f.count(all.closed)} 个已关闭个案中 `
              + `${f.count(all.resolved)} 个已解决。${bound}`
      },
    },
    satisfaction: {
      title: '客户有多满意？',
      definition: '期间内新开个案的评分，1（差）到 5（好），每个个案取最后一次。4 分和 5 分为满意。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.rated ?? 0) === 0) return `${f.count(all?.cases ?? 0)} 个个案都没有评分。`
        return (
          `${f.count(all?.rated ?? 0)} 个评分中 ${f.share(all?.csat ?? null)} 为 4 分或 5 分，平均 `
          + `${f.decimal(all?.average ?? null)} 分；${f.share(all?.rated_share ?? null)} 的个案有评分。`
        )
      },
    },
    'time-in-state': {
      title: '时间花在哪里，客户在哪里流失？',
      definition:
        '期间内结束的每个状态的停留时间（都已回复、因超时关闭的个案，最后一条消息之后的沉默不计），以及流失的客户（没有得到回答就离开；以“已回答”或“已解决”结束的不算）当时所处的状态。',
      summary: (rows, f) => {
        const longest = rows[0]
        const worst = rows.toSorted((a, b) => b.dropped - a.dropped)[0]
        const lost =
          worst === undefined || worst.dropped === 0
            ? '没有客户流失。' + ''
            : `流失最多的是“${clipped(worst.state)}”（${f.count(worst.dropped)} 个，${f.share(worst.drop_share)}）。`
        return `停留最久的状态是“${clipped(longest?.state ?? '')}”（共 ${f.hours(longest?.hours ?? 0)}）；${lost}`
      },
    },
    backlog: {
      title: '每小时积压多少？',
      definition: '每小时结束时未关闭的个案，以及其中等待人工的个案。',
      summary: (rows, f) => {
        const last = rows.at(-1)
        const peak = rows.toSorted((a, b) => b.open - a.open)[0]
        return (
          `最后有 ${f.count(last?.open ?? 0)} 个个案未关闭，其中 ${f.count(last?.waiting_for_person ?? 0)} 个等待人工；最多时为 `
          + `${f.count(peak?.open ?? 0)} 个（${f.hour(peak?.hour ?? null)} 起的一小时）。`
        )
      },
    },
    'intent-funnel': {
      title: '客户想要什么，结果如何？',
      definition: '期间内新开的个案，按客户最初的意图统计。每一步都是上一步的一部分：已回复、无需人工、已关闭、已解决。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        return (
          `${f.count(all?.cases ?? 0)} 个个案中，${f.count(all?.answered ?? 0)} 个得到回复，其中 ${f.count(all?.contained ?? 0)} 个无需人工，`
          + `${f.count(all?.resolved ?? 0)} 个因此解决；最常见的意图：${nameOf(first?.intent)}（${f.count(first?.cases ?? 0)} 个）。`
        )
      },
    },
    quality: {
      title: '各模型和提示词的回答质量如何？',
      definition: '期间内的提问中，注明了模型的回答；质量为 0 到 1，仅统计已评估的。低于 0.7 为低质量。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if ((all?.judged ?? 0) === 0) return `${f.count(all?.answers ?? 0)} 个回答都没有评估。`
        return `${f.count(all?.judged ?? 0)} 个已评估回答的平均质量为 ${f.score(all?.average ?? null)}，${f.count(all?.low ?? 0)} 个低于 0.7。`
      },
    },
    'knowledge-gaps': {
      title: '哪些问题知识库里没有？',
      definition: '期间内检索过知识库但没有找到内容的问题。只有大小写或句末标点不同的视为同一个。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        return `${f.count(all?.asked ?? 0)} 次提问没有找到内容；最常见的是：“${clipped(first?.example ?? '')}”。`
      },
    },
    tasks: {
      title: '后台任务是否正常？',
      definition: '期间内启动的任务（如检索、回答）：结果、排队时间和执行时间。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.share(all?.failure_rate ?? null)} 的任务失败（${f.count(all?.tasks ?? 0)} 个中的 `
          + `${f.count((all?.failed ?? 0) + (all?.expired ?? 0))} 个）；95% 的排队时间不超过 ${f.duration(all?.queue_p95_ms ?? null)}。`
        )
      },
    },
    unanswered: {
      title: '客户的哪些问题没有得到答案？',
      definition: '期间内检索不到内容、或无人回复的问题。按检索索引的向量，意思相近的合为一个。',
      summary: (rows, f) => {
        const [first] = partsOf(rows)
        return (
          `${f.count(totalOf(rows)?.asked ?? 0)} 个问题没有答案；最常见的（${f.count(first?.asked ?? 0)} 次，`
          + `${f.count(first?.wordings ?? 0)} 种说法）：“${clipped(first?.example ?? '')}”。`
        )
      },
    },
    'heat-map': {
      title: '客户什么时候来？',
      definition: '期间内新开的个案，按开启时的星期和小时统计。表中为最忙的十个时段。',
      summary: (rows, f) => {
        const busiest = partsOf(rows).toSorted((a, b) => b.cases - a.cases)[0]
        return (
          `共 ${f.count(totalOf(rows)?.cases ?? 0)} 个个案；最忙的时段是${f.weekday(busiest?.weekday ?? null)} `
          + `${f.clock(busiest?.hour_of_day ?? null)}（${f.count(busiest?.cases ?? 0)} 个）。`
        )
      },
    },
    'label-funnel': {
      title: '不同标签的个案有什么差别？',
      definition: '期间内新开的个案，按会话标签当前的值统计（默认：主题；--label 可指定其他）。每一步都是上一步的一部分。',
      summary: (rows, f) => {
        const first = partsOf(rows).find((row) => row.value !== null)
        return (
          `${f.count(totalOf(rows)?.cases ?? 0)} 个个案中最多的是“${nameOf(first?.value)}”：${f.count(first?.cases ?? 0)} 个，其中 `
          + `${f.count(first?.resolved ?? 0)} 个由机器独立解决。`
        )
      },
    },
    versions: {
      title: '状态机各版本有什么差别？',
      definition:
        '期间内新开的个案，按决定其第一条记录的版本统计；由更新的版本接着处理的个案单独列出。独立处理率按关闭或转人工的个案计算，解决率按已关闭的个案计算。',
      summary: (rows, f) => {
        const crossed = partsOf(rows).reduce((sum, row) => sum + (row.crossed ? row.cases : 0), 0)
        const versions = new Set(partsOf(rows).map(({ machine }) => machine)).size
        return `${f.count(totalOf(rows)?.cases ?? 0)} 个个案，${f.count(versions)} 个版本；其中 ${f.count(crossed)} 个跨越了版本。`
      },
    },
    'rating-comments': {
      title: '客户评分时写了什么？',
      definition: '期间内随评分提交的评论，最新的在前。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.comments ?? 0)} 条评论，评分平均 ${f.decimal(all?.rating ?? null)} 分。`
      },
    },
    'late-tasks': {
      title: '哪些任务出错后才成功？',
      definition: '期间内启动、失败过至少一次后才成功的任务，按最后一次失败的错误统计。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.tasks ?? 0)} 个任务重试后成功，占全部成功任务的 ${f.share(all?.late_share ?? null)}。`
      },
    },
    'model-cost': {
      title: '各语言模型花费多少？',
      definition: '期间内标明模型的回答，及其词元数和成本，包括先被询问而失败的模型的成本。不含测试和评估。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        const [first] = partsOf(rows)
        if (all?.cost == null) return `${f.count(all?.answers ?? 0)} 个回答都没有成本数据。`
        const bound = all.cost_unknown === 0 ? '' : `其中 ${f.count(all.cost_unknown)} 个没有成本数据。`
        return `${f.count(all.answers)} 个回答共花费 ${f.money(all.cost)}，花费最多的是 ${clipped(first?.model ?? '')}。${bound}`
      },
    },
    kpi: {
      title: '各项目标是否达到？',
      definition:
        '期间内的速度、质量、满意度、可用性和错误率，以及各自的目标。可用性指 8 秒内得到回答的消息的比例，以及集群的测试输入得以完成的分钟的比例。',
      summary: (rows) => {
        const known = rows.filter(({ met }) => met !== null)
        const missed = known.filter(({ met }) => met === false).map(({ figure }) => nameOf(figure))
        if (missed.length === 0) return `已知的 ${known.length} 项指标全部达到目标。`
        return `已知的 ${known.length} 项指标中 ${known.length - missed.length} 项达到目标；未达到：${missed.join('；')}。`
      },
    },
    'evaluator-agreement': {
      title: '各评估者的判断是否一致？',
      definition:
        '期间内由两个评估者评估过的回答，或由一个评估者评估、并由客户点赞或点踩的回答。双方都认为好（0.7 起）或都认为不好即为一致。',
      summary: (rows, f) => {
        const [first] = rows
        return (
          `${first?.one ?? ''} 与 ${first?.other ?? ''} 在 ${f.count(first?.answers ?? 0)} 个回答中有 `
          + `${f.share(first?.agree_share ?? null)} 判断一致。`
        )
      },
    },
    alerts: {
      title: '发生了哪些告警？',
      definition: '期间内由触发器发出的告警，按序列统计，以及从发出到有人确认、到恢复的时间中位数。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(all?.alerts ?? 0)} 个告警，其中 ${f.count(all?.open ?? 0)} 个未恢复，${f.count(all?.escalated ?? 0)} 个已升级。`
      },
    },
    strategies: {
      title: '哪种写法更好？',
      definition:
        '期间内文本策略的选择与所学，按方案统计：选用次数、平均奖励及其 95% 置信区间，以及每篇文本的成本。区间重叠的方案可能并无差别。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `共选择 ${f.count(all?.chosen ?? 0)} 次，其中 ${f.count(all?.rewarded ?? 0)} 次得到奖励；`
          + `写成 ${f.count(all?.texts ?? 0)} 篇文本，失败 ${f.count(all?.failed ?? 0)} 篇。`
        )
      },
    },
    'wait-for-a-person': {
      title: '等人工要多久？',
      definition: '期间内派给坐席的个案，按团队统计，并给出从转人工到坐席接手的时间。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.cases ?? 0)} 个个案中，${f.count(all?.assigned ?? 0)} 个有坐席接手，其中一半在 `
          + `${f.duration(all?.p50_ms ?? null)} 之内；${f.count(all?.waiting ?? 0)} 个还在等待。`
        )
      },
    },
    agents: {
      title: '坐席都做了什么？',
      definition: '期间内每位坐席收到的派单和接手的个案，以及接单用时和处理用时的中位数。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `共派单 ${f.count(all?.offers ?? 0)} 次，其中 ${f.count(all?.lapsed ?? 0)} 次无人应答；`
          + `坐席接手 ${f.count(all?.accepted ?? 0)} 个个案，${f.count(all?.open ?? 0)} 个尚未结束。`
        )
      },
    },
    sla: {
      title: '哪些时限没有守住？',
      definition: '期间内超过的时限（首次回复、下一次回复、解决），按团队统计。办公时间之外不计时。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return (
          `${f.count(all?.cases ?? 0)} 个个案共超时 ${f.count(all?.missed ?? 0)} 次，`
          + `其中 ${f.count(all?.nobody ?? 0)} 次当时没有坐席负责。`
        )
      },
    },
    trends: {
      title: '哪些在上升，预计会怎样？',
      definition:
        '最近 24 小时的事件，按类型统计，并与此前至多四周的相同时段对比。升幅 0 表示与平常一样，0.69 表示翻倍；数量少的影响小。图为下一周的预测，区间包含五分之四的小时。',
      summary: (rows, f) => {
        const [all, first] = rows.filter(({ about }) => about === 'series')
        const events = `最近 24 小时有 ${f.count(all?.events ?? 0)} 个事件，通常为 ${f.count(all?.usual ?? null)} 个`
        return first?.type == null || (first.rise ?? 0) <= 0 ? `${events}。` : `${events}；上升最多的是 ${clipped(first.type)}。`
      },
    },
    'prompt-versions': {
      title: '哪个版本的提示词更好？',
      definition:
        '期间内由模型回答的提问，按提示词的版本：质量、费用，以及之后转人工的轮次。“至少”和“至多”是 95% 置信区间的上下限：区间重叠的版本可能并无差别。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        return `${f.count(partsOf(rows).length)} 个版本共 ${f.count(all?.turns ?? 0)} 轮，其中 ${f.share(all?.handed_share ?? null)} 转人工。`
      },
    },
    'cache-freshness': {
      title: '重复使用的回答是否仍然有效？',
      definition:
        '期间内沿用先前提问所得的回答，按知识、提示词、意图或设置变更到给出回答的任务开始之间的时间。不得依据一秒以前已变更的内容。',
      summary: (rows, f) => {
        const all = totalOf(rows)
        if (all === undefined || all.answers === 0) return '没有重复使用的回答。'
        return `${f.count(all.answers)} 个回答被重复使用，其中 ${f.count(all.late)} 个依据了一秒以前已变更的内容。`
      },
    },
  },
}
