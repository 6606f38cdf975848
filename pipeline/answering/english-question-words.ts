/**
 * English phrases, and what they mean for a comparison of questions: `meaning: phrase, phrase`. `question-lexicon.ts` says how a meaning is
 * written. Words that only some trades use together are not joined: a tenant joins them as synonyms of its entities.
 */
export const ENGLISH_QUESTION_WORDS = `
  : hi, hello, hey, hi there, hello there, hey there, good morning, good afternoon, good evening, dear team, dear sir or madam, sir, madam
  : please, pls, plz, kindly, thanks, thank you, many thanks, thanks in advance, thank you in advance, thx, cheers, sorry, excuse me
  : could you tell me, can you tell me, would you tell me, please tell me, tell me, could you explain, can you explain, please explain
  : could you let me know, can you let me know, please let me know, let me know, do you know, do you happen to know, any idea
  : i would like to know, i want to know, i wanted to know, i would like to ask, i wanted to ask, i have a question, quick question
  : i was wondering, i am wondering, just wondering, wondering, i wonder, may i ask, can i ask, could i ask, i need to know, i need help
  : can you help me, could you help me, please help, help me, help, can you help, i need your help, i am asking because, if possible, asap
  : i am trying to, i try to, trying to, i am looking to, i am planning to, i plan to, i wish to, i would love to, i would like to
  : i would like, i would prefer, i want to, i want, i wanna, wanna, i need to, i need, i have to, i have got to, i gotta, i intend to
  : a, an, the, of, this, that, these, those, it, its, is, are, was, were, be, been, being, am, do, does, did, doing, done, will
  : would, could, shall, might, and, so, then, whenever, because, there, just, also, too, very, really, some, any, well, please note
  : exactly, precisely, exact, regarding, concerning, with regard to, ok, okay, if, whether, or not, myself, itself, thing, stuff, guys
  : like, go about, gonna, happen, happens, possible, possibly, in general, generally, usually, normally, simply, my question, question is
  : the following, to be able, able to, am able to, would like, let, lets, what about, how about, in case, bit, ill, i am, pair
  : guess, suppose, think, well then, hiya, yo, folks, somehow, at the moment, right now, anything, for me, on my behalf, feature, option

  ?way: how, how to, how do i, how can i, how could i, how should i, how do you, how would i, how does one, how do we, how can we
  ?way: how does it work, how does that work, how does this work, how is it done, how is that done, how do i do it, how do i do that
  ?way: how do i go about, what do i do, what do i have to do, what should i do, what can i do, what must i do, what now, what to do
  ?state: how is, how are, how was, how were, how is it going
  ?way: what i need to do, what do i need to do, what are the steps, what is the way, what is the procedure, what is the process
  ?way: in which way, in what way
  ?way: how would i go about, how is it possible, what is the best way, how best, how do i do this, steps to, instructions
  ?yesno: is it possible, is that possible, is this possible, would it be possible, is there a way, is there a way i can
  ?yesno: is there a way i could, is there a way to, is there any way, is it ok, is that ok
  ?yesno: is it okay, is that okay, am i able, are you able, is it allowed, is that allowed
  ?yesno ^may: am i allowed, are we allowed, is one allowed, am i permitted
  ?reason: why, how is it possible that, how come, what is the reason, for what reason, what is the cause, what causes, why is that
  ?reason: why is this, how is that
  ?when: when
  ?time: what time, at what time, what hour
  ?day: which day, what day, on which day, what date, which date
  ?time early: how early
  ?date until: until when, till when, by when
  ?time until: until what time, till what time, by what time
  ?date since: from when, since when
  ?time since: from what time
  ?date deadline: what is the deadline, when is the deadline, until when do i have to, by when do i have to, by when must i
  ?date open: what are your opening hours, what are the opening hours, when are you open, when do you open and close, opening hours
  ?date open: when are you there, business hours, what hours are you open, opening times, what are your hours, when is it open
  ?duration: how long, how many days, how many weeks, how many hours, how many months, how much time
  ?wait: how long is the wait, what is the wait, how long until, how many days until, how long does it take, how long will it take, how soon
  ?wait: in how many days, how much longer, what is the waiting time, how long do i have to wait, how long must i wait, how long till
  ?frequency: how often, how frequently, how many times
  ?number: how many, what number, how much, what amount, what is the number
  ?number far: how far
  ?number big: how big, how large
  ?number heavy: how heavy
  ?number high: how high, how tall
  ?number old: how old
  ?number cost: how much is, how much does it cost, how much do i pay, how much are, what does it cost, what do i pay
  ?number cost: what is the price, what is the cost, how much do you charge, how much is it, how much will it cost, what is the charge
  ?number cost: how much would it cost, what do they cost, what will it cost, how expensive is, how expensive, what is the fee, how much for
  ?number cost: how much money, what are the costs, what are the prices, what are the fees, how much to
  ?place: where, in which place, at which place, which place, in what place, what place, whereabouts
  ?person: who, whom, which person, what person
  ?whose: whose
  ?number: what is the amount, what amount, what is the number, what is the limit amount
  ?which: what, which, what kind, which kind, what sort, which one, which ones

  not: not, no, never, none, neither, nor, nobody, nothing, non
  #2: two, twice, both, a couple of
  @i: i, me, my, mine, we, us, our, ours
  @you: you, your, yours
  @he: he, him, his
  @she: she, her, hers
  @they: they, them, their, theirs
  ^may: can, may, allowed, permitted
  ^must: must, have to, has to, had to, need to, needs to, should, required, obliged, necessary, mandatory, compulsory, do i need, need
  ^must: ought
  ^must: requires, require, supposed to, got to, do i have to, am i required to, is it necessary to, do we need, obligatory
  >to: to, into, towards, onto, get to
  >from: from
  >in: in, inside, within
  >on: on, upon, at
  >for: for
  >by: by, via, through
  usa: the us, usa, united states, the usa, america, u s a
  person: in person
  >with: with

  cost: cost, costs, price, prices, fee, fees, charge, charges, charged, paid service, pricing, tariff, rate of charge
  free: free, for free, free of charge, at no cost, no charge, no extra cost, gratis, complimentary, without charge, for nothing
  money: money, my money
  refund: refund, refunds, refunded, money back, get my money back, get back my money, reimbursed, reimbursement, reimburse
  refund: give me my money back
  buy: buy, buying, bought, purchase, purchased, purchasing
  order: order, orders, ordered, ordering, place an order
  euro: €, euros, euro, eur
  dollar: $, dollars, dollar, usd
  pound: £, pounds, gbp
  percent: %, percent, per cent, percentage
  parcel: parcel, package, packet, shipment, consignment
  delivery: delivery, deliver, delivered, delivers, ship, shipping, postage, delivering
  dispatch: dispatch, dispatched, shipped, send out, sent out, mail out
  return: return, returns, returning, returned, send back, sending back, send it back, give back, bring back, take back, send them back
  exchange: exchange, swap, exchanged, swapped
  broken: broken, damaged, faulty, defective, does not work, do not work, not working, is not working, stopped working, not work, smashed
  broken: cracked
  crash: crash, crashes, crashing, crashed, quits unexpectedly
  arrive: arrive, arrives, arrived, arrival, get here, got here, gets here, come in, turn up
  cancel: cancel, cancelled, canceled, cancelling, cancellation, call off
  delete: delete, deleted, deleting, deletion, erase, erased
  remove: remove, removed, removing
  change: change, changed, changing, modify, alter, edit, amend, correct
  reschedule: reschedule, postpone, move my appointment to
  password: password, passwort, passcode
  forgot: forgot, forgotten, forget, do not remember, cannot remember, can not remember
  reset: reset, resetting
  login: log in, login, log into, sign in, signin, sign into, log on, logging in, signing in
  logout: log out, logout, sign out, signout, log off, logging out
  checkin: check in, checkin, checking in
  checkout: check out, checkout, checking out
  turn_on: turn on, turned on, switch on, enable, enabling, enabled, activate, activated, activating, activation, switched on
  turn_off: turn off, turned off, switch off, disable, disabling, disabled, deactivate, deactivated, deactivation, switched off
  set_up: set up, setup, setting up, configure, configuration
  install: install, installed, installing, installation
  restart: restart, reboot, rebooting, restarting
  update: update, updating, updated
  stop: stop, stopping, no longer, not any more, not anymore
  unsubscribe: unsubscribe, stop getting, stop receiving, opt out, unsubscribing, no longer receive, no longer get
  start: start, starts, started, begin, begins, beginning, commence
  end: end, ends, ended, run out, runs out, ran out, expire, expires, expiry, expired, expiration, use up, used up, use up all, used up all
  end: finish
  raise: raise, increase, higher, raised, increased, raising
  lower: lower, decrease, reduce, decreased, reduced, lowering
  open: open, opened, opening, opens
  close: close, closed, closing, closes
  use: use, used, using, redeem, redeemed, apply the code
  accept: accept, accepts, accepted, pay with, pay by, pay using, pay via
  take: take, takes
  pay: pay, paid, paying, payment, payments, pays
  ~have: offer, offers, provide, provides, available, availability, in stock, on stock, supported, support, supports, there is, there are
  ~have: is there, are there
  ~have: have, has, had, having, have got, has got, exist, exists, i have, i have got, i had
  ~get: get, got, getting, gets, obtain, receive
  ~want: want, wants, wanted
  ~find: find, locate, look up, finding
  sell: sell, sells, selling
  restock: back in stock, in stock again, available again, back on sale
  sold_out: sold out, out of stock, not in stock, not available
  include: include, includes, included, including, inclusive, part of the price
  cover: cover, covers, covered, coverage
  collect: collect, collected, collecting, pick up, picking up, picked up, pickup, fetch
  shop: shop, store, branch, outlet
  gift_card: gift card, gift voucher, gift certificate
  voucher: voucher, coupon, discount code, promo code, promotion code, promotional code
  discount: discount, discounts, reduction, price reduction
  invoice: invoice, invoices, vat invoice, bill for my order
  warranty: warranty, guarantee
  repair: repair, repaired, fix, fixed, mend, repairing
  phone: phone, mobile, mobile phone, cell phone, cellphone, smartphone, handset
  telephone: telephone, landline
  email: email, e mail, mail address, emails, email address
  app: app, application on my phone
  internet: internet, web connection, internet connection, broadband connection
  offline: offline, without internet, without an internet connection, without a connection, not online
  online: online, on the internet, over the internet, on your website, on the website, on the web
  website: website, site, web site, webpage, homepage
  account: account, accounts
  block: block, blocked, blocking, freeze my card
  freeze: freeze, pause, suspend, put on hold, freezing, pausing
  limit: limit, limits, maximum i, maximum amount, allowance, cap
  transfer: transfer, transfers, transferred, remittance
  reject: reject, rejected, decline, declined, refused, turned down
  recognise: recognise, recognize, know about
  dispute: dispute, contest, challenge, disputed
  documents: documents, document, papers, paperwork
  apply: apply, application, applying, applied
  loan: loan, credit loan, loans
  interest_rate: interest rate, rate of interest, interest do i get, interest
  iban: iban, account number iban
  see: see, view, viewed, show, shown, display, look at
  withdraw: withdraw, withdrawal, withdrawals, withdrawing, take out cash, cash out
  per_day: per day, a day, daily, each day, every day
  per_week: per week, a week, weekly, each week, every week
  per_month: per month, a month, monthly, each month, every month
  per_year: per year, a year, yearly, each year, every year, annual, annually
  abroad: abroad, overseas, in another country, in other countries, foreign country, outside the country
  abroad: go abroad, going abroad, travel abroad, travelling abroad, traveling abroad
  travel: travel, travelling, traveling, travels
  before: before, prior to, beforehand, in advance, ahead of
  after: after, afterwards, following
  until: until, till
  without: without
  only: only, just only, solely
  except: except, apart from, excluding
  instead: instead, rather than, in place of
  notify: notify, tell you, let you know, inform you, inform, notified
  address: address, addresses
  name: name, names
  ticket: ticket, tickets
  luggage: luggage, baggage, bags
  flight: flight, flights
  airport: airport
  book: book, booking, booked, reserve, reservation, make a reservation, booked in
  book appointment: make an appointment, get an appointment, have an appointment
  appointment: appointment, appointments
  child: child, children, kid, kids
  adult: adult, adults, grown up
  wife: wife
  husband: husband
  friend: friend, friends
  other_people: other people, others, another, other
  dog: dog, dogs
  pet: pet, pets
  pool: pool, swimming pool
  parking: parking, park, parked
  guest: guest, guests
  bring: bring, take with me, bring along, take along, bringing, carry with me
  leave: leave, leaves, leaving
  swim: swim, swimming
  doctor: doctor, dr, physician, gp
  clinic: clinic, practice, doctor office, medical practice
  vaccination: vaccination, vaccinations, vaccinated, vaccinate, vaccine, jab, jabs, shot against
  treat: treat, treated, treats, treatment
  fast: fast, fasting, empty stomach, on an empty stomach, fasted
  result: result, results
  first: first, first time
  prescription: prescription, prescriptions
  renew: renew, renewed, renewal, renewing
  repeat: repeat
  medicine: medicine, medication
  pill: tablets, pills, pill
  side_effects: side effects, side effect
  two_factor: two factor authentication, two factor, 2fa, two step verification, two factor login
  backup: backup, back up, backups
  restore: restore, restored, recover, recovered, get back, bring back deleted, undelete, restoring
  upgrade: upgrade, upgrading, move up to
  downgrade: downgrade, downgrading
  plan: plan, package deal, tariff plan, subscription plan
  subscription: subscription, subscriptions
  contract: contract, contracts
  user: user, users
  add: add, adding, added
  device: device, devices, computers
  invite: invite, inviting
  store_data: stored, kept, saved
  api: api, programming interface
  register: register, registered, registering, registration
  report: report, reporting, reported
  damage: damage, damages
  theft: theft, stolen, steal, stole
  lost: lost, lose, lost track, misplaced
  policy: policy, insurance policy
  office: office, offices
  form: form, forms
  passport: passport, passports
  id_card: id card, identity card, identification card
  licence: licence, license
  driving_licence: driving licence, driving license, drivers license, driver license
  waste_paper: paper waste, waste paper, recycled paper
  bin: bin, rubbish, garbage, trash
  tax_return: tax return, tax declaration, return taxes
  somebody_else: somebody else, someone else, other person, another person, somebody, someone, others people
  menu: menu, on the menu, dishes, dish
  receive: received, receiving, given
  contact: contact, reach you, get in touch, get hold of, speak to, talk to, call you, contact you
  agent: agent, real person, human, representative, member of staff, an employee
  complain: complain, complaint, make a complaint
  job: job, vacancy, vacancies, jobs
  slow: slow, slowly
  evening: evening, evenings, in the evenings
  area: my area, where i live, at my address, in my street, in my town
  monday: monday, mondays, on a monday
  tuesday: tuesday, tuesdays
  wednesday: wednesday, wednesdays
  thursday: thursday, thursdays
  friday: friday, fridays
  saturday: saturday, saturdays
  sunday: sunday, sundays
  weekend: weekend, weekends
  keep: keep my, keep our, keep the
  number: number, phone number
  switch_provider: switch to you, change to you, come over to you, move to you, switch provider
  paper_bill: paper bill, bill on paper, printed bill
  contents: what is in, what is included in
  mistake: mistake, typo, error
  size: size, sizes
  colour: colour, color
  minimum: minimum, at least, min
  maximum: maximum, at most, max
  more_than: more than, longer than, above, over the
  less_than: less than, shorter than, below, under, fewer than
  track: track, tracking, follow my parcel, trace
  status: status, how far along
  late: late, delayed, delay, delays
  missing: missing, not in the box, not there
  wrong: wrong, incorrect, false
  safe: safe, secure, safety, security
  student: student, students
  resident: resident, residents
  unknown: unknown
  call: call, calls, calling, called, ring
  data_volume: data, data volume, mobile data
  left: left, remaining, remain
  roaming: roaming
  coverage: signal, reception, network coverage, coverage
`
