/**
 * English words and phrases that judge or show a feeling, in lower case and without apostrophes. Of a word, the regular forms follow:
 * `love` stands for `loves`, `loved` and `loving`, too. `_` joins the words of a phrase.
 */
export const ENGLISH_STRONG_POSITIVE = `
adore amaze amazing awesome astonishing beloved best bliss blissful breathtaking brilliant celebrate champion dazzling delicious delight
delightful divine ecstatic elated epic euphoric excellent exceptional exquisite extraordinary fab fabulous fantastic favorite favourite
flawless genius glorious gorgeous heavenly hilarious immaculate impeccable impressive incredible irresistible legend legendary lovely
magnificent marvel marvellous marvelous masterpiece mesmerizing mindblowing mouthwatering obsessed outstanding overjoyed perfect perfection
phenomenal priceless remarkable scrumptious sensational spectacular splendid stellar stunning sublime superb supreme terrific thrilled
thrilling thrill top_notch topnotch treasure triumph unbeatable unforgettable wonderful wow yummy goat slay love loves loved loving
highly_recommend cant_recommend_enough couldnt_be_happier could_not_be_happier cant_get_enough made_my_day makes_my_day worth_every_penny
worth_every_cent second_to_none out_of_this_world blown_away blew_me_away five_stars 5_stars ten_out_of_ten 10_out_of_10 over_the_moon best_ever
love_it love_this love_the in_love life_saver lifesaver game_changer gamechanger must_have must_buy must_see must_watch must_read hats_off
chefs_kiss works_like_a_charm runs_like_a_dream worked_like_a_charm on_cloud_nine never_disappoints never_disappoint never_disappointed
never_failed never_fails never_had_a_problem never_had_an_issue never_had_any_problems never_had_any_issues nothing_beats
cant_fault could_not_fault couldnt_fault couldnt_ask_for_more could_not_ask_for_more cant_go_wrong above_and_beyond hit_the_spot
exceeded_expectations exceeded_my_expectations exceeded_all_expectations better_than_expected better_than_i_expected`

export const ENGLISH_POSITIVE = `
accessible accomplish accomplished accurate admirable admire adorable adept advanced affordable agreeable alive amusing appealing appetizing applause
applaud appreciate appreciated appreciative approachable ample aromatic artistic attentive attractive authentic balanced bargain beautiful
beautifully beauty benefit beneficial bless blessed blessing blossom boost brave breeze bright brighten brightened bravo calm calming capable captivating
careful caring celebrated charm charming cheer cheerful cherish chic civilised classy clean clear_instructions clever coherent colorful
colourful comfort comfortable comfy commend commendable committed compassionate compelling compliment comprehensive congrats
congratulations congratulate considerate consistent content convenient cool cordial correct courteous cozy cosy crisp crispy crunchy cute
dandy dapper decent dedicated dependable deserved desirable diligent durable dreamy eager easier easiest easily easy easygoing
effective efficient effortless elegant empower enchanting encourage encouraging endearing energetic energised engaging enhance enhanced enjoy
enjoyable enjoyment enrich enthusiastic entertaining ergonomic excited excitement exciting exhilarating expert expertly fair_price fairly_priced
fascinating fast faster fastest favorable favourable feature_rich festive fine first_class first_rate flattering flavorful flavourful
fluffy fresh friendly fun funny futureproof gem generous gentle genuine glad gladly glamorous gleaming glow good goodness goodies
graceful gracious grateful gratifying gratitude great greatest greatly groundbreaking handsome handy happier happiest happily happiness happy
harmonious healthy heartwarming heartfelt helpful hero heroic heroes honest honor honored honoured hooray hope_restored hospitable humorous ideal
imaginative immersive impress impressed improve improved improvement improvements improving informative ingenious innovative insightful
inspire inspired inspiring inspiration instructive intuitive inviting jolly joy joyful joyous juicy keen kindest kindly kindness kudos
knowledgeable lightweight likeable liked luck luckily lucky luscious lush luxurious luxury majestic merry neat nice nicer nicest nicely
nifty nourishing nutritious optimistic organised organized original outperform palatable passionate patient peaceful peace
perky pleasant pleasantly pleased pleasing pleasure plush polished polite positive powerful praise praised praiseworthy precious precise
premium prettier pretty_good prize productive proficient prompt promptly proud proudly punctual quick quicker quickly quiet radiant
reasonable reasonably_priced recommend recommended recommending refined refreshed refreshing rejoice relaxed relaxing relief reliable
reliably relieved resilient respectful responsive restful rewarding rich_flavour robust romantic safe satisfaction satisfied satisfy satisfying
saved savvy seamless seamlessly secure sensible serene sharp shine shiny silky simple_to_use sincere sleek slick smart smile smiled
smiles smiling smooth smoother smoothly snappy snug soft solid soothing sophisticated sparkling speedy spacious special spotless stable steady
straightforward strong strongest stylish succeed success successful successfully succulent super support_was_quick supportive sturdy
sunny sweet sweetheart sweetest talented tasty tender thankful thank thanks thankyou thoughtful thrive thriving tidy timeless tranquil
treat triumphant trusted trustworthy trust unique upbeat uplifting useful user_friendly userfriendly valuable versatile vibrant victory
victorious vivid warm warmth warmly_welcomed welcomed welcoming well_built well_done well_deserved well_designed well_made well_made
well_organised well_organized well_written well_worth win winner winning wins wise wisely witty won worth_it worthwhile worth_the worth_a worth_visiting worthy
yay yaay yum zesty hurray bonus cheers grin laugh laughed laughing lol haha hahaha hehe lmao dope lit fire_emoji banger vibes wholesome
slaps goated blessed hyped stoked pumped buzzing chuffed ace brill stellar bangs delish fantab ftw w_move
looking_forward look_forward cant_wait can_not_wait cannot_wait couldnt_wait finally_arrived happy_with pleased_with impressed_with no_complaints no_complaint
no_problems no_problem no_issues no_issue no_regrets no_trouble no_hassle hassle_free trouble_free without_problems without_issues
without_a_problem without_a_hitch without_any_problems without_any_issues without_problem problem_free stress_free no_brainer not_bad
free_of_charge free_upgrade thumbs_up two_thumbs_up big_fan huge_fan big_thanks shout_out shoutout big_up well_played good_job great_job nice_work nice_job
come_back_again coming_back will_be_back well_be_back ill_be_back will_return will_buy_again would_buy_again will_order_again would_order_again
will_definitely_return buying_again ordering_again book_again visit_again use_again recommend_it recommend_this i_like i_really_like we_like really_like really_liked likes
like_it like_this like_the does_the_trick on_time ahead_of_time ahead_of_schedule earlier_than earlier_than_expected at_home feels_like_home
felt_at_home went_out_of_their_way goes_out_of_his_way out_of_the_box exactly_what_i_wanted exactly_what_i_needed exactly_as_described as_described just_as_described
as_advertised what_i_was_looking_for good_value great_value value_for_money value_for_the_money good_price great_price bang_for
bang_for_the_buck bang_for_your_buck excellent_value sorted_it fixed_it solved_my_problem solved_it saves_time saved_me saves_me time_saver rave
got_the_job passed_my_exam passed_the_exam passed_my got_accepted got_promoted we_won i_won so_far_so_good hit_it_off on_point on_fleek spot_on nailed_it
killed_it crushed_it smashed_it first_try first_attempt makes_me_smile made_me_smile puts_a_smile hard_to_beat cant_beat cant_complain
cant_stop_listening cant_put_it_down couldnt_put_it_down couldnt_put_down hooked addictive on_repeat swear_by step_up big_step_up huge_improvement upgrade_is`

export const ENGLISH_STRONG_NEGATIVE = `
abhor abhorrent abominable abuse abused abusive abysmal agony angry angrier anger appalled appalling atrocious awful awfully catastrophe
catastrophic clueless con cruel crap crappy despicable despise detest devastated devastating dire disaster disastrous disgrace disgraceful
disgust disgusted disgusting dreadful dumpster evil excruciating fiasco filth filthy fraud fraudulent furious garbage ghastly grief gross
hate hated hates hateful hating heartbroken heartbreaking hell hellish hideous horrendous horrible horribly horrid horrific horrified horrifying
idiot idiotic inexcusable infuriating infuriated insult insulted insulting intolerable junk livid loathe loathsome miserable misery moron
nasty nauseating nightmare nightmarish obnoxious outrage outraged outrageous pathetic pathetically rage repulsive revolting rip_off ripoff
ripped_off robbery rotten ruin ruined ruins ruining scam scammed scammer scammers scams shambles shameful shit shitty shite bullshit sick_of
sickening stink stinks stupid suck sucks sucked sucky swindle terrible terribly theft tragedy tragic trash travesty unacceptable
unbearable unforgivable uninhabitable unusable useless vile vomit waste_of wasted worst worthless wretched wtf fuck fucking fucked pos
never_again never_buy never_order never_return never_come_back never_going_back never_shopping_here never_using never_use_again never_coming_back wont_be_back
will_not_be_back avoid_at_all_costs stay_away steer_clear do_not_buy dont_buy do_not_order dont_waste dont_bother do_not_waste want_my_money_back money_back_please
complete_waste total_waste waste_of_money waste_of_time waste_your_money waste_your_time zero_stars no_stars one_star 1_star fed_up had_enough sick_and_tired piece_of_junk thanks_for_nothing
just_what_i_needed so_much_for joke_of_a what_a_joke is_a_joke absolute_joke total_joke laughing_stock laughable worst_ever
false_advertising daylight_robbery could_cry ready_to_cry made_me_cry worse_than slap_in_the_face`

export const ENGLISH_NEGATIVE = `
absurd ache aching adware aggravating aggressive alarming aloof annoy annoyed annoying annoyance anxious anxiety apathetic argue arrogant
ashamed awkward bad badly baffling ban banned bankrupt barely_works beat_up bent betray betrayed bitter bland blame blamed blatant blurry
bloatware boring bored boredom bother bothersome break breaks breaking broke broken bruise bruised buggy bug bugs bullied bully bummer bumpy
burn burned burnt careless cheat cheated cheater chaos chaotic cheesy chip_off chipped chore clunky clumsy cluttered clogged cold_food collapse collapsed complain complained
complaining complaint complaints complicated confuse confused confusing confusion condescending contaminated convoluted cold_and
corrupt corrupted costly coward cracked crack cracks cramped crash crashed crashes crashing creepy cried cringe cringy cringeworthy cry crying
cumbersome damage damaged damn dammit dangerous dead dead_on_arrival deceived deceiving deceptive defect defective deficient degraded delay delayed delays
demanding denied depressed depressing depression deteriorate deteriorated difficult difficulty dim dirty disagree disappoint disappointed disappointing
disappointment disappointments disappear disappeared discomfort disconnect disconnects disconnecting discontent discourage discouraging dishonest
disgruntled dislike disliked dismal dismissive disorganised disorganized displeased disrespect disrespectful disrupt disrupted dissatisfied dissatisfaction
distasteful distorted distress distressed disturbing disturbed dodgy downgrade downgraded downhill drab drag drains drained drama draining dreary
dull dumb dying dusty embarrassed embarrassing embarrassment emptiness error errors exasperating excuse excuses exhausted exhausting expensive overly_expensive
fail failed failing fails failure failures fake faulty fault fear feeble flaky flaw flawed flaws flimsy flop foggy_lens forgettable foul fragile freezes froze
freezing_up frightened frightening frustrate frustrated frustrating frustration gimmick glitch glitches glitchy gloomy greasy greedy greed grim grumpy
gutted harass harassment harm harmful harsh hassle hazard heavy_handed hiccup hopeless hurt hurts hurting ignorant ignore ignored ignoring ignores impatient
impersonal impolite impossible impractical inaccurate inadequate incapable incoherent incompetent incompetence incomplete inconsiderate inconsistent
inconvenience inconvenienced inconvenient incorrect ineffective inefficient inedible inferior inflexible insane_price insecure insufficient
insipid irresponsible irritate irritated irritating irritation itchy jam jammed jammy jealous jerk kicked_out lack lacking lacks lacked lag laggy lagging lags
lame late lazy leak leaked leaking leaks leaky liar liars lie lied lies lifeless limp lonely loneliness lose loser losing loss lost loud lousy low_quality
mad malfunction malfunctioning manipulative meaningless mediocre mess messed messy mildew misleading misled mismanaged misery mislead miss_the_old missing mistake
mistakes mistreated mold moldy monotonous mouldy mould mourning muddy murky nag naive nauseous nausea neglect neglected negligent nervous
noisy nonsense nope obsolete odd_smell offended offensive ordeal outdated overcharge overcharged overcooked overcrowded
overdue overhyped overheated overheating overheats overpriced overrated overwhelmed oversalted pain painful panic paranoid patchy patronising
patronizing peeling peeled perplexing pest petty phony phoney pity plagued pointless poison poisoned pollution poor poorer poorly poverty
predictable pretentious problem problematic problems punish puzzled questionable quit racist rancid rash rattles rattling raw_chicken refuse refused refuses refusing regret
regrettable regretted reject rejected repetitive reluctant resent ridiculous ridiculously rigid rip_off_price rude rudely rubbish rushed rust rusted rusty sad
sadden saddened saddest sadly sadness scary scared scratch scratched scratches scruffy seedy selfish senseless shabby shady shaky
shallow shame shattered shoddy shock_bad shocking shortage sick skimpy slippery sloppy slow slower slowest slowly sluggish smell_of
smells_like smelly smelled_like sneaky sob sobbing soggy sore sorrow sorrowful sour spam spammed spammy stain stained stale starving
steal stealing stole stolen sticky_floor stiff stingy stolen strange_noise stress stressed stressful stressing struggle struggled struggling stuck stuffy
subpar substandard suffer suffered suffering sulk suspicious tacky tangled tasteless tedious teared tears_apart tense
terrified terrifying threat threaten threatened thief thieves tired tiresome tiring toxic torn tortured torture traumatic trouble troubles troubling
ugh ugly unable unappetizing unattractive unclear uncomfortable uncooked uncooperative undercooked underwhelmed underwhelming undrinkable uneven
unfair unfairly unfinished unfit unfortunate unfortunately unfriendly unhappy unhelpful unhealthy unhygienic uninspired uninstall uninstalled uninstalling uninterested
unimpressed unimpressive unjust unkind unknowledgeable unlucky unnecessary unpleasant unplayable unprepared unprofessional unreadable unreasonable unreliable unresponsive
unresolved unsafe unsanitary unsatisfactory unsatisfied unstable unsubscribe unsuitable untrustworthy unwanted unwatchable unwelcome
unwilling unworthy upset upsetting vague vandalised vanished victim violent vulgar warning warped weak weaker weird wobble wobbly wobbles worn worried worries worry worrying
worse worsen wound wrinkled wrong wrongly yawn yell yelled yikes yuck yucky smh meh facepalm cringe sus mid trashy dogshit sketchy salty janky ick icky yikes bs
let_down let_me_down let_us_down letdown lets_down fell_apart falls_apart falling_apart fall_apart fell_off falls_off came_off stopped_working stops_working quit_working not_working doesnt_work dont_work
does_not_work didnt_work did_not_work wont_work not_work doesnt_fit didnt_fit wont_turn_on wouldnt_turn_on wont_start wont_charge wont_connect wont_load wont_open cant_connect cant_log_in cant_login cant_sleep cant_use cant_even cant_stand cant_believe_how_bad wont_stop
no_reply no_response no_answer never_replied never_answered never_responded never_called never_arrived never_came never_showed nobody_replies nobody_answers no_one_answers nobody_cares no_one_cares dont_care doesnt_care
no_refund refuse_to refuses_to hung_up hang_up on_hold kept_waiting waited_for_hours waiting_for_hours for_hours for_ages takes_forever took_forever taking_forever takes_ages took_ages
still_waiting still_nothing still_not still_no still_hasnt still_havent not_worth not_worth_it isnt_worth too_expensive too_small too_big too_long too_slow too_loud too_short too_tight too_much too_many too_salty too_sweet too_hot too_cold
too_late too_hard too_heavy way_too no_sense makes_no_sense made_no_sense zero_effort at_best no_use no_help no_fun no_taste no_good no_idea_what poorly_made badly_made not_as_described not_as_advertised
nothing_like not_what_i_ordered wrong_item wrong_size wrong_colour wrong_color wrong_order went_wrong going_wrong goes_wrong gone_wrong nothing_works
nothing_goes_right used_to_be_good used_to_love used_to_like used_to_be gone_downhill went_downhill going_downhill lost_my lost_all lost_money money_down
sent_it_back send_it_back sending_it_back returned_it returning_it returning_this had_to_return threw_it_away throw_it_away threw_it_out throw_it_out in_the_bin in_the_trash missed_my missed_the run_out ran_out sold_out_again
passed_away died rip rest_in_peace hit_and_miss hit_or_miss not_happy not_good not_great not_impressed not_recommend not_recommended not_recommending wouldnt_recommend
would_not_recommend cannot_recommend cant_recommend dont_recommend do_not_recommend leaves_a_lot leave_a_lot left_a_lot_to_be_desired a_lot_to_be_desired much_to_be_desired
fell_asleep falling_asleep put_me_to_sleep look_elsewhere go_elsewhere went_elsewhere shop_elsewhere think_twice buyer_beware beware lesson_learned bad_taste under_cooked
expected_more expected_better deserve_better deserves_better deserved_better should_be_ashamed how_hard_can_it_be what_were_they_thinking whats_the_point what_is_the_point
full_of_bugs full_of_ads so_many_ads drives_me_crazy driving_me_crazy drives_me_nuts driving_me_nuts losing_my_mind last_straw give_up gave_up giving_up cant_take_it
get_lost shut_up get_a_grip in_pain threw_up food_poisoning bed_bugs bedbugs cockroach cockroaches roach roaches mice rats flat_tyre power_cut is_down went_down goes_down keeps_dropping keeps_crashing keeps_freezing
keeps_disconnecting keeps_failing keeps_stopping so_slow down_again yet_another another_delay not_again oh_great yeah_right good_luck_getting good_luck_with
downside drawback turned_down cancelled canceled laid_off got_fired dumped broke_up`

/** Words of the lists above in another sense. */
export const ENGLISH_NO_SIGN = `
kinds kind_of late_night lately fast_food fast_forward good_morning good_evening good_afternoon good_night good_friday good_day goods great_britain great_wall great_grandmother of_course best_before best_regards kind_regards
as_soon_as_possible new_york_times sick_leave break_even lunch_break coffee_break tea_break spring_break during_the_break take_a_break winter_break wedding_break breaking_news breakfast
cold_brew crash_course late_2023 works_as win_rate fresh_water how_good how_fast how_long how_safe how_easy how_strong how_loud how_quiet how_useful how_reliable safe_mode
safe_deposit safety clear_skies smart_tv smart_watch smart_phone super_market special_offer soft_drink soft_drinks strong_winds solid_state late_shift is_it_worth worth_it_or any_good any_better a_good_place a_good_way best_way best_place best_time
the_best_way the_best_place the_best_time good_recommendation recommend_a recommend_me recommend_any can_you_recommend can_anyone_recommend anyone_recommend error_code error_message warning_light bug_report fault_code
tell_me_if_its_good content_of contents lost_and_found lost_property fun_fact cool_down cool_completely bring_to_a lie_down lies_in lies_on lies_between lies_about_halfway traffic_jam strawberry_jam correct_answer quick_question if_its_worth
fine_arts fined quiet_coach quiet_hours fair_trade rich_in trust_fund treat_as pain_relief fire_alarm thanks_in_advance thank_you_in_advance thanks_for_your_help_in_advance win_or_lose wins_and_losses losses break_up_of loss_of net_loss weight_loss hair_loss stress_test
sharp_increase quick_start simple_past sharp_turn missing_persons hard_drive crash_test mice_and mouse rats_and steady_at bright_intervals clear_up happy_hour smart_meter calm_winds patients patient_s patients_with content_creator content_is content_was original_price original_plan premium_plan premium_version premium_account bonus_track bonus_points
benefits_of unemployment_benefit benefit_claims positive_test tested_positive poor_visibility slow_cooker stress_tests mad_max fault_line sweet_potato sweet_potatoes cheese cheesecake warm_up stable_at strong_wind prize_draw nobel_prize fresh_snow champions_league champion_s championship championships
super_bowl win_a can_i_trust easy_to_find_parking celebrates_its celebrate_its will_celebrate death_penalty dead_end deadline deadlines dead_sea burn_calories burns_calories cry_baby delay_of crack_the_eggs crack_two_eggs worn_by wound_up late_fee late_fees stole_the_show peace_talks safe_to clean_the clean_up cleaner cleaners cleaning cleans cleaned crisps crisper jam_session soft_serve fine_print special_edition special_needs cute_name
treated treatment treatments interesting_in lies safe_word rash_guard fast_track fast_lane steady_state strong_password weak_password error_404 fix_bugs bug_fixes fixes_a_bug raw weird_al sad_story_of loud_speaker`

/** Words that turn what follows around. */
export const ENGLISH_NEGATIONS = `not no never none nothing nobody neither nor cannot cant dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt
hasnt havent hadnt aint without hardly barely scarcely rarely lack_of far_from anything_but stop_being nowhere_near least`

/** Negations that turn nothing around where a word of degree follows: never so good, could not be better. */
export const ENGLISH_NEVERS = `never couldnt_be could_not_be couldnt_have_been could_not_have_been cant_be couldnt_get cannot_get`
export const ENGLISH_DEGREES = `so such more better happier easier faster nicer smoother worse any_better as_good_as this`

export const ENGLISH_INTENSIFIERS = `very really extremely absolutely totally completely incredibly truly super highly deeply utterly insanely ridiculously
seriously especially particularly exceptionally always definitely genuinely damn fucking bloody freaking af real hella mega ultra way ever beyond quite`

export const ENGLISH_DIMINISHERS = `slightly somewhat bit little kinda sorta fairly rather partly mildly marginally sometimes occasionally almost okayish`

/** What follows outweighs what came before. */
export const ENGLISH_TURNS = 'but however yet nevertheless nonetheless still_though'
/** What follows weighs less than the other part of the sentence. */
export const ENGLISH_CONCESSIONS =
  'although though while despite even_though even_if in_spite_of whereas apart_from other_than except aside_from'
/** What follows is no fact. */
export const ENGLISH_CONDITIONS =
  'if whether would_be_nice would_be_great could_be_better should_be should_have hope hopefully hoping wish wondering let_me_know'
