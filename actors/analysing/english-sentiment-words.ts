/**
 * English words and phrases that judge or show a feeling, in lower case and without apostrophes. Of a word, the regular forms follow:
 * `love` stands for `loves`, `loved` and `loving`, too. `_` joins the words of a phrase.
 */
export const ENGLISH_STRONG_POSITIVE = `
adore amaze amazing awesome astonishing beloved best bliss blissful breathtaking brilliant celebrate champion dazzling delicious delight
delightful divine ecstatic elated epic euphoric excellent exceptional exquisite extraordinary fab fabulous fantastic favorite favourite
flawless genius glorious gorgeous heavenly hilarious immaculate impeccable impressive incredible irresistible legend legendary lovely
magnificent marvel marvellous marvelous masterpiece mesmerizing mindblowing mouthwatering obsessed outstanding overjoyed perfect
perfection
phenomenal priceless remarkable scrumptious sensational spectacular splendid stellar stunning sublime superb supreme terrific thrilled
thrilling thrill top_notch topnotch treasure triumph unbeatable unforgettable wonderful wow yummy goat slay love loves loved loving
highly_recommend cant_recommend_enough couldnt_be_happier could_not_be_happier cant_get_enough made_my_day makes_my_day worth_every_penny
worth_every_cent second_to_none out_of_this_world blown_away blew_me_away five_stars 5_stars ten_out_of_ten 10_out_of_10 over_the_moon
best_ever
love_it love_this love_the in_love life_saver lifesaver game_changer gamechanger must_have must_buy must_see must_watch must_read hats_off
chefs_kiss works_like_a_charm runs_like_a_dream worked_like_a_charm on_cloud_nine never_disappoints never_disappoint never_disappointed
never_failed never_fails never_had_a_problem never_had_an_issue never_had_any_problems never_had_any_issues nothing_beats
cant_fault could_not_fault couldnt_fault couldnt_ask_for_more could_not_ask_for_more cant_go_wrong above_and_beyond hit_the_spot
exceeded_expectations exceeded_my_expectations exceeded_all_expectations better_than_expected better_than_i_expected
die_for to_die_for cant_live_without couldnt_live_without could_not_live_without wouldnt_trade_it absolute_joy pure_joy
perfect_in_every_way best_decision best_thing best_money like_a_pro like_a_dream like_new
like_heaven like_magic works_wonders saved_my_life saved_my_day saved_the_day gave_me_chills goosebumps standing_ovation tears_of_joy
happy_tears faith_in_humanity dream_come_true restored_my_faith life_changing changed_my_life
exceeded exceeds surpassed surpasses outdid outshines unmatched unparalleled unrivalled world_class hit_it_out_of_the_park
knocked_it_out_of_the_park absolutely_worth well_worth_it cant_say_enough_good proud_of fell_in_love head_over_heels 5_out_of_5 best_yet`

export const ENGLISH_POSITIVE = `
accessible accomplish accomplished accurate admirable admire adorable adept advanced affordable agreeable alive amusing appealing
appetizing applause
applaud appreciate appreciated appreciative approachable ample aromatic artistic attentive attractive authentic balanced bargain beautiful
beautifully beauty benefit beneficial bless blessed blessing blossom boost brave breeze bright brighten brightened bravo calm calming
capable captivating
careful caring celebrated charm charming cheer cheerful cherish chic civilised classy clean clear_instructions clever coherent colorful
colourful comfort comfortable comfy commend commendable committed compassionate compelling compliment comprehensive congrats
congratulations congratulate considerate consistent content convenient cool cordial correct courteous cozy cosy crisp crispy crunchy cute
dandy dapper decent dedicated dependable deserved desirable diligent durable dreamy eager easier easiest easily easy easygoing
effective efficient effortless elegant empower enchanting encourage encouraging endearing energetic energised engaging enhance enhanced
enjoy
enjoyable enjoyment enrich enthusiastic entertaining ergonomic excited excitement exciting exhilarating expert expertly fair_price
fairly_priced
fascinating fast faster fastest favorable favourable feature_rich festive fine first_class first_rate flattering flavorful flavourful
fluffy fresh friendly fun funny futureproof gem generous gentle genuine glad gladly glamorous gleaming glow good goodness goodies
graceful gracious grateful gratifying gratitude great greatest greatly groundbreaking handsome handy happier happiest happily happiness
happy
harmonious healthy heartwarming heartfelt helpful hero heroic heroes honest honor honored honoured hooray hope_restored hospitable
humorous ideal
imaginative immersive impress impressed improve improved improvement improvements improving informative ingenious innovative insightful
inspire inspired inspiring inspiration instructive intuitive inviting jolly joy joyful joyous juicy keen kindest kindly kindness kudos
knowledgeable lightweight likeable liked luck luckily lucky luscious lush luxurious luxury majestic merry neat nice nicer nicest nicely
nifty nourishing nutritious optimistic organised organized original outperform palatable passionate patient peaceful peace
perky pleasant pleasantly pleased pleasing pleasure plush polished polite positive powerful praise praised praiseworthy precious precise
premium prettier pretty_good prize productive proficient prompt promptly proud proudly punctual quick quicker quickly quiet radiant
reasonable reasonably_priced recommend recommended recommending refined refreshed refreshing rejoice relaxed relaxing relief reliable
reliably relieved resilient respectful responsive restful rewarding rich_flavour robust romantic safe satisfaction satisfied satisfy
satisfying
saved savvy seamless seamlessly secure sensible serene sharp shine shiny silky simple_to_use sincere sleek slick smart smile smiled
smiles smiling smooth smoother smoothly snappy snug soft solid soothing sophisticated sparkling speedy spacious special spotless stable
steady
straightforward strong strongest stylish succeed success successful successfully succulent super support_was_quick supportive sturdy
sunny sweet sweetheart sweetest talented tasty tender thankful thank thanks thankyou thoughtful thrive thriving tidy timeless tranquil
treat triumphant trusted trustworthy trust unique upbeat uplifting useful user_friendly userfriendly valuable versatile vibrant victory
victorious vivid warm warmth warmly_welcomed welcomed welcoming well_built well_done well_deserved well_designed well_made well_made
well_organised well_organized well_written well_worth win winner winning wins wise wisely witty won worth_it worthwhile worth_the worth_a
worth_visiting worthy
yay yaay yum zesty hurray bonus cheers grin laugh laughed laughing lol haha hahaha hehe lmao dope lit fire_emoji banger vibes wholesome
slaps goated blessed hyped stoked pumped buzzing chuffed ace brill stellar bangs delish fantab ftw w_move
looking_forward look_forward cant_wait can_not_wait cannot_wait couldnt_wait finally_arrived happy_with pleased_with impressed_with
no_complaints no_complaint
no_problems no_problem no_issues no_issue no_regrets no_trouble no_hassle hassle_free trouble_free without_problems without_issues
without_a_problem without_a_hitch without_any_problems without_any_issues without_problem problem_free stress_free no_brainer not_bad
free_of_charge free_upgrade thumbs_up two_thumbs_up big_fan huge_fan big_thanks shout_out shoutout big_up well_played good_job great_job
nice_work nice_job
come_back_again coming_back will_be_back well_be_back ill_be_back will_return will_buy_again would_buy_again will_order_again
would_order_again
will_definitely_return buying_again ordering_again book_again visit_again use_again recommend_it recommend_this i_like i_really_like
we_like really_like really_liked likes
like_it like_this like_the does_the_trick on_time ahead_of_time ahead_of_schedule earlier_than earlier_than_expected feels_like_home
felt_at_home went_out_of_their_way goes_out_of_his_way out_of_the_box exactly_what_i_wanted exactly_what_i_needed exactly_as_described
as_described just_as_described
as_advertised what_i_was_looking_for good_value great_value value_for_money value_for_the_money good_price great_price bang_for
bang_for_the_buck bang_for_your_buck excellent_value sorted_it fixed_it solved_my_problem solved_it saves_time saved_me saves_me
time_saver rave
got_the_job passed_my_exam passed_the_exam passed_my got_accepted got_promoted we_won i_won so_far_so_good hit_it_off on_point on_fleek
spot_on nailed_it
killed_it crushed_it smashed_it first_try first_attempt makes_me_smile made_me_smile puts_a_smile hard_to_beat cant_beat cant_complain
cant_stop_listening cant_put_it_down couldnt_put_it_down couldnt_put_down hooked addictive on_repeat swear_by step_up big_step_up
huge_improvement upgrade_is
zero_problems zero_issues zero_complaints zero_regrets never_looked_back doesnt_disappoint does_not_disappoint didnt_disappoint
did_not_disappoint wont_disappoint wont_regret will_not_regret wont_be_disappointed didnt_regret dont_regret do_not_regret no_joke
no_nonsense nothing_but_praise nothing_to_criticise
nothing_to_complain nothing_i_would_change wouldnt_change couldnt_be_better couldnt_be_easier couldnt_have_been_easier
couldnt_have_been_better couldnt_have_been_nicer couldnt_have_asked went_smoothly went_well going_well goes_well doing_well works_well
worked_well sleeps_well slept_well fits_well fit_perfectly
well_thought_out well_packed well_packaged well_behaved well_organised well_stocked well_maintained well_lit well_spent well_cooked
cooked_to_perfection melt_in_your_mouth melts_in_your_mouth holds_up holding_up still_going_strong going_strong works_fine working_fine
no_longer_hurts pain_free all_clear cancer_free debt_free full_recovery recovered
graduated got_engaged engaged_to newborn baby_is_here got_promoted promotion got_the_offer got_in personal_best new_record_for_me
milestone finished_my completed_my landed_the landed_my landed_a_job first_place gold_medal medal podium pulled_it_off made_it paid_off
pays_off hard_work_paid dream_job dream_house
went_the_extra_mile extra_mile extra_care took_the_time took_time_to_explain listens_to listened_to_me made_us_feel made_me_feel_welcome
treated_us_like treated_me_like like_family at_ease put_me_at_ease no_pressure without_any_fuss without_fuss without_a_fuss no_fuss
no_questions_asked in_no_time right_away straight_away within_minutes in_minutes immediately_fixed
same_day next_day_delivery arrived_early arrived_a_day_early arrived_quickly came_quickly brand_new freebie free_gift discount_was
handwritten_note cherry_on_top gets_the_job_done game_night date_night best_friend best_friends night_to_remember time_flew flew_by
lost_track_of_time laughed_so_hard never_laughed
page_turner masterful nuanced poignant touching uplifted heart_warming moved_me moving_story edge_of_my_seat glued_to standout standouts
showstopper smart_choice good_choice great_choice right_choice wise_choice great_idea good_idea_to great_deal good_deal steal_at
what_a_steal on_sale_and saved_money saves_money money_well_spent
recommend_to_anyone recommend_to_everyone recommend_to_all more_than_happy more_than_satisfied pleasantly pleasant_surprise
pleasantly_surprised nice_surprise good_surprise lovely_surprise comfort_food like_home feel_good feels_good feels_great feeling_great
feeling_good feel_better feeling_better felt_better feel_alive recharged
rested energized motivated hopeful inspired_me grown_so_much proud_moment stands_out shines_through shining rocks rock_solid rocked ruled
rules_them nailed aced acing flying_colours flying_colors crystal_clear razor_sharp lightning_fast super_fast blazing snappy whisper_quiet
featherlight sturdy_build buttery intuitive_interface breeze a_breeze piece_of_cake no_effort effortlessly painless hiccup_free bug_free
ad_free glitch_free all_smiles good_times great_times good_vibes good_mood great_mood great_day lovely_day beautiful_day good_day_today
sunny_day good_start great_start strong_start great_news good_news wonderful_news exciting_news
appreciate_it appreciated_it much_appreciated forever_grateful so_grateful well_said so_true agree_with_this preach facts yes_please
yasss yass woohoo woo whoop hell_yes heck_yes lets_go lets_goo goat_of mvp`

export const ENGLISH_STRONG_NEGATIVE = `
abhor abhorrent abominable abuse abused abusive abysmal agony angry angrier anger appalled appalling atrocious awful awfully catastrophe
catastrophic clueless con cruel crap crappy despicable despise detest devastated devastating dire disaster disastrous disgrace disgraceful
disgust disgusted disgusting dreadful dumpster evil excruciating fiasco filth filthy fraud fraudulent furious garbage ghastly grief gross
hate hated hates hateful hating heartbroken heartbreaking hell hellish hideous horrendous horrible horribly horrid horrific horrified
horrifying
idiot idiotic inexcusable infuriating infuriated insult insulted insulting intolerable junk livid loathe loathsome miserable misery moron
nasty nauseating nightmare nightmarish obnoxious outrage outraged outrageous pathetic pathetically rage repulsive revolting rip_off ripoff
ripped_off robbery rotten ruin ruined ruins ruining scam scammed scammer scammers scams shambles shameful shit shitty shite bullshit
sick_of
sickening stink stinks stupid suck sucks sucked sucky swindle terrible terribly theft tragedy tragic trash travesty unacceptable
unbearable unforgivable uninhabitable unusable useless vile vomit waste_of wasted worst worthless wretched wtf fuck fucking fucked pos
never_again never_buy never_order never_return never_come_back never_going_back never_shopping_here never_using never_use_again
never_coming_back wont_be_back
will_not_be_back avoid_at_all_costs stay_away steer_clear do_not_buy dont_buy do_not_order dont_waste dont_bother do_not_waste
want_my_money_back money_back_please
complete_waste total_waste waste_of_money waste_of_time waste_your_money waste_your_time zero_stars no_stars one_star 1_star fed_up
had_enough sick_and_tired piece_of_junk thanks_for_nothing
just_what_i_needed so_much_for joke_of_a what_a_joke is_a_joke absolute_joke total_joke laughing_stock laughable worst_ever
false_advertising daylight_robbery could_cry ready_to_cry made_me_cry worse_than slap_in_the_face
biggest_mistake worst_mistake worst_decision worst_purchase worst_meal worst_hotel worst_service dont_fall_for fell_for_it what_a_waste
such_a_waste wasting_my wasted_my ruined_my ruined_our ruined_the spoiled_my spoiled_the spoilt_the horror_show train_wreck trainwreck
dumpster_fire clown_show money_grab cash_grab moneygrab
out_of_business_soon should_be_illegal should_be_shut_down criminal crooks crook con_artists con_artist predatory extortion extortionate
blatant_lie pack_of_lies lied_to_me lied_to_us lied_to_my_face zero_respect zero_out_of 0_out_of 0_10 1_10 1_out_of_10 2_out_of_10
minus_stars if_i_could_give_zero give_zero_stars no_stars_if love_how_the love_waiting love_it_when love_paying
absolute_disgrace utter_disgrace beyond_frustrating beyond_frustrated beyond_disappointed beyond_angry cant_believe_they made_me_sick
makes_me_sick sick_to_my_stomach losing_my_patience lost_my_patience lost_patience at_my_wits_end end_of_my_rope end_of_my_tether
boiling_with rock_bottom worst_day hate_my_life kill_me`

export const ENGLISH_NEGATIVE = `
absurd ache aching adware aggravating aggressive alarming aloof annoy annoyed annoying annoyance anxious anxiety apathetic argue arrogant
ashamed awkward bad badly baffling ban banned bankrupt barely_works beat_up bent betray betrayed bitter bland blame blamed blatant blurry
bloatware boring bored boredom bother bothersome break breaks breaking broke broken bruise bruised buggy bug bugs bullied bully bummer
bumpy
burn burned burnt careless cheat cheated cheater chaos chaotic cheesy chip_off chipped chore clunky clumsy cluttered clogged cold_food
collapse collapsed complain complained
complaining complaint complaints complicated confuse confused confusing confusion condescending contaminated convoluted cold_and
corrupt corrupted costly coward cracked crack cracks cramped crash crashed crashes crashing creepy cried cringe cringy cringeworthy cry
crying
cumbersome damage damaged damn dammit dangerous dead dead_on_arrival deceived deceiving deceptive defect defective deficient degraded
delay delayed delays
demanding denied depressed depressing depression deteriorate deteriorated difficult difficulty dim dirty disagree disappoint disappointed
disappointing
disappointment disappointments disappear disappeared discomfort disconnect disconnects disconnecting discontent discourage discouraging
dishonest
disgruntled dislike disliked dismal dismissive disorganised disorganized displeased disrespect disrespectful disrupt disrupted
dissatisfied dissatisfaction
distasteful distorted distress distressed disturbing disturbed dodgy downgrade downgraded downhill drab drag drains drained drama
draining dreary
dull dumb dying dusty embarrassed embarrassing embarrassment emptiness error errors exasperating excuse excuses exhausted exhausting
expensive overly_expensive
fail failed failing fails failure failures fake faulty fault fear feeble flaky flaw flawed flaws flimsy flop foggy_lens forgettable foul
fragile freezes froze
freezing_up frightened frightening frustrate frustrated frustrating frustration gimmick glitch glitches glitchy gloomy greasy greedy
greed grim grumpy
gutted harass harassment harm harmful harsh hassle hazard heavy_handed hiccup hopeless hurt hurts hurting ignorant ignore ignored
ignoring ignores impatient
impersonal impolite impossible impractical inaccurate inadequate incapable incoherent incompetent incompetence incomplete inconsiderate
inconsistent
inconvenience inconvenienced inconvenient incorrect ineffective inefficient inedible inferior inflexible insane_price insecure
insufficient
insipid irresponsible irritate irritated irritating irritation itchy jam jammed jammy jealous jerk kicked_out lack lacking lacks lacked
lag laggy lagging lags
lame late lazy leak leaked leaking leaks leaky liar liars lie lied lies lifeless limp lonely loneliness lose loser losing loss lost loud
lousy low_quality
mad malfunction malfunctioning manipulative meaningless mediocre mess messed messy mildew misleading misled mismanaged misery mislead
miss_the_old missing mistake
mistakes mistreated mold moldy monotonous mouldy mould mourning muddy murky nag naive nauseous nausea neglect neglected negligent nervous
noisy nonsense nope obsolete odd_smell offended offensive ordeal outdated overcharge overcharged overcooked overcrowded
overdue overhyped overheated overheating overheats overpriced overrated overwhelmed oversalted pain painful panic paranoid patchy
patronising
patronizing peeling peeled perplexing pest petty phony phoney pity plagued pointless poison poisoned pollution poor poorer poorly poverty
predictable pretentious problem problematic problems punish puzzled questionable quit racist rancid rash rattles rattling refuse refused
refuses refusing regret
regrettable regretted reject rejected repetitive reluctant resent ridiculous ridiculously rigid rip_off_price rude rudely rubbish rushed
rust rusted rusty sad
sadden saddened saddest sadly sadness scary scared scratch scratched scratches scruffy seedy selfish senseless shabby shady shaky
shallow shame shattered shoddy shock_bad shocking shortage sick skimpy slippery sloppy slow slower slowest slowly sluggish smell_of
smells_like smelly smelled_like sneaky sob sobbing soggy sore sorrow sorrowful sour spam spammed spammy stain stained stale starving
steal stealing stole stolen sticky_floor stiff stingy stolen strange_noise stress stressed stressful stressing struggle struggled
struggling stuck stuffy
subpar substandard suffer suffered suffering sulk suspicious tacky tangled tasteless tedious teared tears_apart tense
terrified terrifying threat threaten threatened thief thieves tired tiresome tiring toxic torn tortured torture traumatic trouble
troubles troubling
ugh ugly unable unappetizing unattractive unclear uncomfortable uncooked uncooperative undercooked underwhelmed underwhelming undrinkable
uneven
unfair unfairly unfinished unfit unfortunate unfortunately unfriendly unhappy unhelpful unhealthy unhygienic uninspired uninstall
uninstalled uninstalling uninterested
unimpressed unimpressive unjust unkind unknowledgeable unlucky unnecessary unpleasant unplayable unprepared unprofessional unreadable
unreasonable unreliable unresponsive
unresolved unsafe unsanitary unsatisfactory unsatisfied unstable unsubscribe unsuitable untrustworthy unwanted unwatchable unwelcome
unwilling unworthy upset upsetting vague vandalised vanished victim violent vulgar warning warped weak weaker weird wobble wobbly wobbles
worn worried worries worry worrying
worse worsen wound wrinkled wrong wrongly yawn yell yelled yikes yuck yucky smh meh facepalm cringe sus mid trashy dogshit sketchy salty
janky ick icky yikes bs
let_down let_me_down let_us_down letdown lets_down fell_apart falls_apart falling_apart fall_apart fell_off falls_off came_off
stopped_working stops_working quit_working not_working doesnt_work dont_work
does_not_work didnt_work did_not_work wont_work not_work doesnt_fit didnt_fit wont_turn_on wouldnt_turn_on wont_start wont_charge
wont_connect wont_load wont_open cant_connect cant_log_in cant_login cant_sleep cant_use cant_even cant_stand cant_believe_how_bad
wont_stop
no_reply no_response no_answer never_replied never_answered never_responded never_called never_arrived never_came never_showed
nobody_replies nobody_answers no_one_answers nobody_cares no_one_cares dont_care doesnt_care
no_refund refuse_to refuses_to hung_up hang_up on_hold kept_waiting waited_for_hours waiting_for_hours for_hours for_ages takes_forever
took_forever taking_forever takes_ages took_ages
still_waiting still_nothing still_not still_no still_hasnt still_havent not_worth not_worth_it isnt_worth too_expensive too_small too_big
too_long too_slow too_loud too_short too_tight too_much too_many too_salty too_sweet too_hot too_cold
too_late too_hard too_heavy way_too no_sense makes_no_sense made_no_sense zero_effort at_best no_use no_help no_fun no_taste no_good
no_idea_what poorly_made badly_made not_as_described not_as_advertised
nothing_like not_what_i_ordered wrong_item wrong_size wrong_colour wrong_color wrong_order went_wrong going_wrong goes_wrong gone_wrong
nothing_works
nothing_goes_right used_to_be_good used_to_love used_to_like used_to_be gone_downhill went_downhill going_downhill lost_my lost_all
lost_money money_down
sent_it_back send_it_back sending_it_back returned_it returning_it returning_this had_to_return threw_it_away throw_it_away threw_it_out
throw_it_out in_the_bin in_the_trash missed_my missed_the run_out ran_out sold_out_again
passed_away died rip rest_in_peace hit_and_miss hit_or_miss not_happy not_good not_great not_impressed not_recommend not_recommended
not_recommending wouldnt_recommend
would_not_recommend cannot_recommend cant_recommend dont_recommend do_not_recommend leaves_a_lot leave_a_lot left_a_lot_to_be_desired
a_lot_to_be_desired much_to_be_desired
fell_asleep falling_asleep put_me_to_sleep look_elsewhere go_elsewhere went_elsewhere shop_elsewhere think_twice buyer_beware beware
lesson_learned bad_taste under_cooked
expected_more expected_better deserve_better deserves_better deserved_better should_be_ashamed how_hard_can_it_be what_were_they_thinking
whats_the_point what_is_the_point
full_of_bugs full_of_ads so_many_ads drives_me_crazy driving_me_crazy drives_me_nuts driving_me_nuts losing_my_mind last_straw give_up
gave_up giving_up cant_take_it
get_lost shut_up get_a_grip in_pain threw_up food_poisoning bed_bugs bedbugs cockroach cockroaches roach roaches mice rats flat_tyre
power_cut is_down went_down goes_down keeps_dropping keeps_crashing keeps_freezing
keeps_disconnecting keeps_failing keeps_stopping so_slow down_again yet_another another_delay not_again oh_great yeah_right
good_luck_getting good_luck_with
downside drawback turned_down cancelled canceled laid_off got_fired dumped broke_up
never_listens never_listen jams jamming got_stuck gets_stuck keeps_getting_stuck wont_close doesnt_close wont_open doesnt_open
doesnt_charge doesnt_last didnt_last doesnt_hold doesnt_hold_a_charge wont_hold doesnt_respond didnt_respond didnt_even doesnt_even
dont_even not_even cant_access cant_find_any couldnt_find_anyone couldnt_even wasnt_even
falling_out fell_out fell_apart_after broke_after broke_within broke_on died_after died_within snapped snaps_off came_apart coming_apart
came_undone come_undone came_loose coming_loose peeled_off wore_out worn_out wears_out faded fades fading bled squeaks squeaky creaks
creaking wobbled dripping drips drip dented dent dents smashed
shattered_screen dead_pixel dead_battery battery_drain drains_fast runs_hot gets_hot too_hot_to burned_my burnt_my burns_my stings
stinging swollen inflamed broke_out rash_all allergic_reaction gave_me_a_headache headache headaches migraine backache back_pain
sore_throat hangover insomnia sleepless sleepless_night no_sleep exhausted_and burnt_out burned_out burnout
out_of_order out_of_stock_again under_construction closed_without wasnt_there never_there nobody_there nobody_came no_one_came
nobody_picks_up no_one_picks_up picks_up_the_phone_never doesnt_answer dont_answer wont_answer wont_reply doesnt_reply never_replies
ghosted ghosting stood_me_up left_me_waiting left_waiting left_us_waiting made_us_wait made_me_wait
long_wait endless_wait waited_an_hour waited_two_hours waited_over waiting_since hours_late days_late weeks_late arrived_late came_late
showed_up_late late_again cancelled_my cancelled_on cancelled_again canceled_again cancelled_last_minute last_minute_cancellation
without_warning without_notice without_any_notice without_explanation without_telling no_explanation no_apology no_warning no_notice
hidden_fees hidden_fee hidden_charges hidden_costs extra_charge charged_me charged_twice double_charged charged_extra overcharging
wrong_charge unauthorized unauthorised lost_my_luggage lost_luggage lost_my_bag lost_in_the_mail lost_the_package lost_our missing_parts
missing_screws missing_pieces missing_items half_empty arrived_broken arrived_damaged arrived_cold came_broken came_damaged
cold_food stone_cold lukewarm burnt_toast undercooked_chicken raw_in_the hair_in_my hair_in_the fly_in_my stale_bread chewy rubbery
watery flavourless flavorless no_flavour no_flavor zero_flavor no_seasoning bland_and dry_and dried_out tiny_portion tiny_portions
small_portions
wouldnt_bother not_bother dont_waste_your save_your_money save_yourself run_away would_not_buy wouldnt_buy wont_buy not_buy_again
wont_order wont_use wont_return not_return wont_come_back not_come_back not_coming_back not_going_back wont_go_back wouldnt_go_back
wouldnt_go wouldnt_wish first_and_last_time last_time_i
not_what_i_expected not_as_good not_as_pictured not_as_shown nothing_like_the looks_nothing_like looks_cheap feels_cheap cheaply_made
cheap_plastic cheap_looking poor_quality bad_quality terrible_quality quality_has_dropped quality_dropped isnt_what_it_used_to_be
not_what_it_used_to_be what_it_used_to_be downhill_since worse_every gets_worse getting_worse got_worse worse_and_worse
makes_me_angry makes_me_sad made_me_sad made_me_feel_bad feel_like_crap feel_sick feeling_sick feel_awful feeling_down feel_down
feel_lonely feel_empty feel_hopeless feel_stupid feel_ignored feels_wrong hurts_so cant_cope cant_do_this cant_breathe breaking_down
broke_down cried_all crying_in had_a_breakdown
miss_him miss_her miss_you_so gone_too_soon died_in killed funeral lost_my_job lost_my_dad lost_my_mum lost_my_mom lost_my_dog
lost_my_cat got_laid_off flunked failed_my got_rejected turned_me_down cheated_on robbed mugged burgled broken_into hacked
not_fair isnt_fair so_unfair its_a_shame what_a_shame such_a_shame shame_about shame_on shame_that pity_that too_bad not_acceptable
isnt_acceptable is_unacceptable not_ok not_okay isnt_ok not_funny isnt_funny not_helpful wasnt_helpful no_point pointless_to
going_nowhere goes_nowhere joke_right are_you_kidding are_you_serious kidding_me you_must_be_joking seriously_who who_thought how_is_this
how_can_you how_can_they why_bother why_would_anyone
great_timing nice_try nice_job_breaking great_job_ruining managed_to_break managed_to_lose managed_to_make thanks_for_wasting
thanks_for_ruining thanks_for_losing because_who_needs exactly_what_nobody nobody_asked who_asked as_always_late just_great
just_perfect_now just_wonderful oh_wonderful oh_joy oh_perfect what_could_go_wrong
would_be_good_if_it_worked if_it_worked could_have_been should_have_stayed should_have_listened should_have_known wish_i_had_never
wish_i_hadnt wish_id_never regret_it rude_staff attitude_problem bad_attitude talked_down_to talks_down yelled_at shouted_at snapped_at
rolled_her_eyes rolled_his_eyes laughed_at_me shrugged brushed_off brushed_me_off fobbed_off
passed_around transferred_me kept_transferring copy_paste copy_and_paste canned_response canned_responses automated_response runaround
the_runaround red_tape paywall pay_to_win microtransactions loot_boxes popups pop_ups unskippable clickbait fake_news propaganda
bots_everywhere data_breach sold_my_data leaked_my spyware malware
bloated unintuitive unusably lags_so memory_leak blue_screen crash_after crashes_every freezes_every logs_me_out logged_me_out
kicked_me_out lost_my_progress lost_all_my lost_my_data wiped_my deleted_my deleted_all overstuffed wooden_acting plot_holes plot_hole
cop_out copout cliche cliched rehash half_baked uninspiring snoozefest snooze dragged_on drags_on dragged falls_flat fell_flat
ruin_the took_away_the_joy heartache dread dreading fearful petrified nervous_wreck panic_attack spiralling drowning_in pissed pissed_off
irked miffed bitterly grumbling groan grr argh aargh gah blah pff ffs omfg_no nooo oh_no no_way_im damn_it goddamn bloody_hell
for_gods_sake come_on_guys`

/** Words of the lists above in another sense. */
export const ENGLISH_NO_SIGN = `
kinds kind_of late_night lately fast_food fast_forward good_morning good_evening good_afternoon good_night good_friday good_day goods
great_britain great_wall great_grandmother of_course best_before best_regards kind_regards
as_soon_as_possible new_york_times sick_leave break_even lunch_break coffee_break tea_break spring_break during_the_break take_a_break
winter_break wedding_break breaking_news breakfast
cold_brew crash_course late_2023 works_as win_rate fresh_water how_good how_fast how_long how_safe how_easy how_strong how_loud how_quiet
how_useful how_reliable safe_mode
safe_deposit safety clear_skies smart_tv smart_watch smart_phone super_market special_offer soft_drink soft_drinks strong_winds
solid_state late_shift is_it_worth worth_it_or any_good any_better a_good_place a_good_way best_way best_place best_time
the_best_way the_best_place the_best_time good_recommendation recommend_a recommend_me recommend_any can_you_recommend
can_anyone_recommend anyone_recommend error_code error_message warning_light bug_report fault_code
tell_me_if_its_good content_of contents lost_and_found lost_property fun_fact cool_down cool_completely bring_to_a lie_down lies_in
lies_on lies_between lies_about_halfway traffic_jam strawberry_jam correct_answer quick_question if_its_worth
fine_arts fined quiet_coach quiet_hours fair_trade rich_in trust_fund treat_as pain_relief fire_alarm thanks_in_advance
thank_you_in_advance thanks_for_your_help_in_advance win_or_lose wins_and_losses losses break_up_of loss_of net_loss weight_loss
hair_loss stress_test
sharp_increase quick_start simple_past sharp_turn missing_persons hard_drive crash_test mice_and mouse rats_and steady_at
bright_intervals clear_up happy_hour smart_meter calm_winds patients patient_s patients_with content_creator content_is content_was
original_price original_plan premium_plan premium_version premium_account bonus_track bonus_points
benefits_of unemployment_benefit benefit_claims positive_test tested_positive poor_visibility slow_cooker stress_tests mad_max fault_line
sweet_potato sweet_potatoes cheese cheesecake warm_up stable_at strong_wind prize_draw nobel_prize fresh_snow champions_league champion_s
championship championships
super_bowl win_a can_i_trust easy_to_find_parking celebrates_its celebrate_its will_celebrate death_penalty dead_end deadline deadlines
dead_sea burn_calories burns_calories cry_baby delay_of crack_the_eggs crack_two_eggs worn_by wound_up late_fee late_fees stole_the_show
peace_talks safe_to clean_the clean_up cleaner cleaners cleaning cleans cleaned crisps crisper jam_session soft_serve fine_print
special_edition special_needs cute_name
treated treatment treatments interesting_in lies safe_word rash_guard fast_track fast_lane steady_state strong_password weak_password
error_404 fix_bugs bug_fixes fixes_a_bug raw weird_al sad_story_of loud_speaker`

/** Words that turn what follows around. */
export const ENGLISH_NEGATIONS = `not no never none nothing nobody neither nor cannot cant dont doesnt didnt isnt arent wasnt werent wont
wouldnt couldnt shouldnt
hasnt havent hadnt aint without hardly barely scarcely rarely lack_of far_from anything_but stop_being nowhere_near least`

/** Negations that turn nothing around where a word of degree follows: never so good, could not be better. */
export const ENGLISH_NEVERS = `never couldnt_be could_not_be couldnt_have_been could_not_have_been cant_be couldnt_get cannot_get`
export const ENGLISH_DEGREES = `so such more better happier easier faster nicer smoother worse any_better as_good_as this`

export const ENGLISH_INTENSIFIERS = `very really extremely absolutely totally completely incredibly truly super highly deeply utterly
insanely ridiculously
seriously especially particularly exceptionally always definitely genuinely damn fucking bloody freaking af real hella mega ultra way
ever beyond quite`

export const ENGLISH_DIMINISHERS = `slightly somewhat bit little kinda sorta fairly rather partly mildly marginally sometimes
occasionally almost okayish`

/** What follows outweighs what came before. */
export const ENGLISH_TURNS = 'but however yet nevertheless nonetheless still_though'
/** What follows weighs less than the other part of the sentence. */
export const ENGLISH_CONCESSIONS =
  'although though while despite even_though even_if in_spite_of whereas apart_from other_than except aside_from'
/** What follows is no fact. */
export const ENGLISH_CONDITIONS =
  'if whether would_be_nice would_be_great could_be_better should_be should_have hope hopefully hoping wish wondering let_me_know'
/** Words of questions; `^` is the start of a text. */
export const ENGLISH_QUESTIONS = `^_how ^_what ^_where ^_when ^_which ^_who ^_whose ^_can ^_could ^_does ^_do_i ^_do_you ^_do_they
^_is_it ^_is_there ^_is_this ^_is_the ^_are_there ^_are_the ^_has_anyone ^_has_anybody ^_any_tips ^_any_recommendations ^_any_ideas
^_should_i ^_will ^_would_you ^_did_anyone ^_anyone does_anyone does_anybody can_anyone can_someone could_someone could_you can_you can_i
could_i do_i_need would_you what_is_the how_do_i how_to how_much how_many how_long where_can which_one what_time what_size what_happens
question_about would_like_to_know id_like_to_know wondering_if wondering_whether wondering_which let_me_know_if recommendations_for
tips_for advice_on looking_for_a`
/** Words that say neither, or both. */
export const ENGLISH_BALANCES = `neither so_so mixed mixed_bag mixed_feelings average okay ok okayish alright decent_enough fine_i_guess
it_was_fine it_is_fine its_fine nothing_special nothing_more nothing_much no_more_and_no_less no_opinion no_strong_opinion no_feelings
not_sure not_decided undecided cant_decide
cant_say pros_and_cons pros some_pros both_ways on_the_one_hand on_the_other_hand strengths_and_weaknesses good_and_bad
good_points_and_bad_points not_good_not_bad not_bad_not_good not_great_not_terrible not_terrible_not_great could_be_better_could_be_worse
does_the_job gets_the_job_done_but middle_of_the_road run_of_the_mill standard typical ordinary normal unremarkable in_between
depends it_depends depends_on too_early_to too_early_to_tell havent_tried havent_watched havent_used to_each_their_own some_people
some_like not_for_everyone hit_or_miss_depending same_as as_usual_nothing we_will_see well_see lets_see jury_is_still_out`
