import { isZone } from '../../../schemas/trigger-events.ts'
import type { Language } from './found.ts'

const WEEKDAYS = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  zh: ['星期日', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六'],
} as const
const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/**
 * Says when somebody comes, in the time of the office. The words are ours and not those of `Intl`, whose texts change between versions of
 * Node: a replay says the same.
 */
export function opensText(opensAt: string, zone: string | undefined, lang: Language): string {
  const { timezone, month, day, weekday, clock } = localTime(opensAt, zone ?? 'UTC')
  return lang === 'zh'
    ? `我们的同事现在不在线，将于${month}月${day}日（${WEEKDAYS.zh[weekday]}）${clock}（${timezone} 时间）回来处理。您可以先留言，同事上班后会看到并回复您。`
    : `Our colleagues are not here at the moment. Somebody will look after this on ${WEEKDAYS.en[weekday]}, ${day} ${MONTHS[month - 1]}, `
        + `at ${clock} (${timezone}). You may leave a message until then: they will read it and reply.`
}

function localTime(time: string, zone: string) {
  const timezone = isZone(zone) ? zone : 'UTC'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
  const parts = new Map(format.formatToParts(new Date(time)).map(({ type, value }) => [type, value]))
  const [year, month, day] = (['year', 'month', 'day'] as const).map((part) => Number(parts.get(part)))
  const weekday = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day)).getUTCDay()
  return { timezone, month: month ?? 1, day: day ?? 1, weekday, clock: `${parts.get('hour')}:${parts.get('minute')}` }
}
