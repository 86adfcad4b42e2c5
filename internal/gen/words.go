package gen

import "strings"

// The vocabulary, from the most to the least frequent word of each class. Nouns
// and verbs are regular; their other forms are made by rule.
var (
	nouns = strings.Fields(`
		method result paper model experiment approach problem author figure baseline claim section analysis idea
		task table evaluation algorithm comparison proof dataset assumption contribution reader question setting work
		training sample theorem structure equation network function argument measure parameter improvement section
		procedure benchmark sequence example feature error noise graph matrix layer representation objective bound
		hypothesis loss gradient kernel prior update schedule reward policy agent environment image sentence token
		corpus annotation label cluster embedding encoder decoder sampler estimator regulariser constraint variable
		distribution density rate step window horizon budget threshold margin boundary region segment signal channel
		frame pixel patch contour texture scene camera sensor robot arm controller trajectory obstacle map landmark
		query key index cache page record schema column row join filter plan cost operator stream batch buffer queue
		thread worker server client packet link route topology node edge path tree twig root branch cycle clique
		walk degree community neighbour distance metric angle norm ball sphere surface manifold chart curvature
		geodesic flow field particle molecule atom bond protein gene cell tissue organ patient symptom diagnosis
		treatment dose trial cohort survey respondent interview questionnaire item scale rating score rank order
		preference choice option lottery auction bidder price market trader portfolio asset return risk shock crisis
		household worker wage contract firm supplier warehouse vehicle driver passenger road junction lane tunnel
		bridge river basin glacier lake forest canopy bird whale insect habitat season storm cloud rainfall
		drought harvest crop soil seed root fertiliser farm village city district census migrant language dialect
		grammar parser morpheme phoneme syllable vowel accent speaker listener dialogue turn utterance intent slot
		narrative plot character author poem metaphor irony rumour headline article editor reviewer rebuttal thread
		appendix footnote caption legend tick curve bar panel colour symbol notation definition lemma corollary
		remark conjecture counterexample axiom premise inference rule clause predicate quantifier formula program
		compiler loop branch register instruction pipeline processor core memory disk battery chip circuit gate wire
		voltage current antenna laser mirror lens detector telescope galaxy star planet orbit crater rock mineral
		crystal lattice defect phase transition temperature pressure fluid vortex turbulence wave amplitude
		frequency spectrum harmonic filter delay echo reverberation melody rhythm chord instrument musician concert
		museum painting brush portrait statue fabric pattern stitch needle garment recipe ingredient flavour kitchen
		restaurant tourist hotel flight airport delay ticket calendar reminder password attacker defender exploit
		patch vulnerability audit ledger wallet transaction signature certificate protocol handshake message channel
		adversary perturbation shift drift domain source target adapter head expert router mixture component factor
		mode basis projection subspace rotation shear symmetry group invariant orbit action generator relation
		module ring ideal residue prime digit fraction interval integral derivative limit sum product
		quotient ratio proportion percentage average median variance covariance correlation regression residual
		outlier quantile interval test statistic power significance replication seed run fold split checkpoint epoch
		iteration restart ablation variant configuration setup platform toolkit library package script notebook
		repository licence release version interface dashboard button menu screen user expert novice student teacher
		classroom exam essay curriculum lesson exercise tutor hint solution mistake misconception intuition insight
		motivation background overview summary conclusion limitation discussion outlook perspective viewpoint stance
		debate consensus disagreement controversy guideline standard convention practice workflow habit routine
		tradition culture region`)

	verbs = strings.Fields(`
		use propose show present compare train evaluate consider report require describe improve apply explain
		discuss introduce address assume claim reduce extend demonstrate analyse combine motivate optimise estimate
		measure compute justify define achieve obtain clarify ignore support validate investigate examine explore
		study illustrate argue mention provide include exploit replace remove change adapt modify adjust tune
		generalise regularise normalise initialise parameterise approximate minimise maximise sample predict 		classify label annotate detect recover reconstruct generate translate encode decode project rotate
		scale weight aggregate average merge separate partition cluster prune expand insert delete sort rank select
		filter mask smooth sharpen align match pair link relate connect couple isolate identify recognise locate
		track observe record collect gather release share publish document summarise review criticise question
		challenge reject accept endorse recommend suggest expect anticipate imagine realise notice overlook neglect
		underestimate overestimate exaggerate overstate confuse complicate simplify streamline restructure rewrite
		reproduce replicate repeat verify confirm contradict refute disprove establish derive deduce conclude
		assert imply suppose postulate formulate formalise specify characterise quantify qualify bound limit
		restrict constrain relax enforce violate satisfy guarantee preserve destroy corrupt perturb attack defend
		protect secure monitor guide steer accelerate delay interrupt terminate restart schedule allocate
		distribute share balance trade exchange purchase deliver transport store cache load fetch index query
		visualise display highlight emphasise stress underline dismiss exclude postpone resolve
		solve tackle approach attempt manage handle process parse inspect audit check count enumerate traverse
		visit cover explain interpret reinterpret distinguish discriminate differentiate contrast juxtapose mirror
		mimic simulate emulate implement design engineer construct assemble configure deploy install maintain
		update upgrade refine polish correct repair replace reuse recycle borrow inherit transport adopt
		embrace favour penalise reward encourage discourage stimulate trigger activate suppress inhibit
		moderate amplify attenuate degrade enhance enrich augment complement supplement accompany precede succeed
		follow surround enclose contain involve concern affect influence determine shape drive govern dominate
		outperform surpass exceed approach equal resemble represent capture reflect reveal expose uncover conceal`)

	adjectives = strings.Fields(`
		new different same large small simple several proposed experimental theoretical empirical main specific
		general similar standard recent important additional previous existing original current final first second
		common random linear local global hidden sparse dense deep shallow discrete continuous binary convex smooth
		robust stable noisy synthetic real practical relevant natural joint marginal conditional latent sequential
		parallel recursive iterative stochastic deterministic adaptive adversarial generative probabilistic
		variational spectral temporal spatial visual textual semantic syntactic lexical statistical numerical
		asymptotic exact approximate optimal greedy heuristic supervised unsupervised multilingual pretrained
		quantised compressed distributed federated causal temporal hierarchical modular symbolic neural classical
		quantum geometric algebraic combinatorial topological dynamic static online offline interactive automatic
		manual human artificial biological clinical medical chemical physical mechanical electrical thermal optical
		acoustic seismic atmospheric oceanic agricultural urban rural regional national international public
		private commercial industrial financial legal social political cultural historical educational cognitive
		behavioural psychological linguistic phonetic musical artistic literary mathematical logical philosophical
		ethical moral technical scientific academic professional amateur informal formal rigorous heuristic early
		late initial intermediate subsequent preceding upper lower left right inner outer central peripheral broad
		narrow wide thin thick long short tall heavy light fast slow quick gradual sudden abrupt frequent rare
		occasional constant variable uniform irregular symmetric asymmetric positive negative neutral absolute
		relative partial complete full empty open closed finite infinite bounded unbounded single double triple
		multiple numerous individual collective mutual independent dependent orthogonal correlated related
		unrelated alternative competing complementary redundant auxiliary primary secondary principal minor major
		typical unusual ordinary extraordinary familiar unfamiliar known unknown visible invisible explicit
		implicit direct indirect internal external intrinsic extrinsic active passive live idle fresh old modern
		traditional conventional customary seasonal daily weekly annual hourly nightly coarse fine rough raw clean
		dirty pure mixed hybrid homogeneous heterogeneous diverse balanced skewed biased unbiased calibrated
		uncalibrated certain uncertain likely unlikely possible impossible feasible infeasible tractable
		intractable affordable expensive cheap scalable portable compact bulky flexible rigid soft hard warm cold
		dry wet bright dark loud quiet sharp blunt remote nearby distant adjacent neighbouring
		foreign domestic native official`)

	goodAdjectives = strings.Fields(`
		clear novel interesting convincing strong elegant thorough sound careful impressive useful solid promising
		original intuitive insightful timely well-motivated principled rigorous reproducible lucid instructive
		valuable compelling refreshing sensible neat honest informative comprehensive creative ambitious accurate
		enjoyable welcome persuasive well-organised`)

	badAdjectives = strings.Fields(`
		unclear weak limited incremental confusing vague insufficient questionable misleading missing incomplete
		unconvincing small arbitrary shallow inconsistent unfair outdated overstated superficial careless
		problematic unjustified disappointing cluttered hasty opaque speculative redundant anecdotal brittle
		cosmetic repetitive dubious narrow sloppy ill-defined`)

	adverbs = strings.Fields(`
		also only clearly often still very rather well quite already directly simply mainly significantly slightly
		generally usually typically empirically theoretically consistently carefully explicitly implicitly jointly
		separately partly largely merely fairly reasonably surprisingly notably roughly nearly exactly entirely
		hardly barely seldom rarely sometimes occasionally frequently repeatedly deliberately accidentally silently
		openly honestly briefly thoroughly loosely tightly strictly formally informally visually numerically
		statistically qualitatively quantitatively substantially marginally dramatically gradually suddenly
		eventually initially finally previously recently originally currently simultaneously independently
		correctly incorrectly wrongly rightly efficiently inefficiently cheaply quickly slowly smoothly reliably
		robustly naturally artificially needlessly understandably admittedly arguably presumably apparently
		evidently undoubtedly unfortunately fortunately ideally`)

	surnames = strings.Fields(`
		Aldwine Barrowick Castellane Dunmere Eskeland Fairweald Gantrow Hollingrue Ivershaw Jessamond Kettleburn
		Lorimane Marrowgate Nethercott Oakhallow Pellworth Quillane Ravensted Saltmarsh Thornbury-Vale Umberfield
		Vantongeren Wexcombe Yarrowdale Zellweg Achterhof Brökelmann Ciardelli Dvořanský Etxalar Fjällström
		Grzybówka Hämäläis Ishikubo Jörgentoft Kovácsné Lefèbure Mbekwena Nørregård Okonwara Pálmasson Quiñonero
		Rȧvikanta Sørbakken Tăriceanu Ülgenoğlu Vlčková Wójtasik Xiangyu Yıldıran Žemaitė`)

	symbols = strings.Fields(`$\alpha$ $\beta$ $\lambda$ $\epsilon$ \theta $x_i$ $O(n\log{n})$ $k=5$ $\mathcal{L}$ L_2 $p<0.05$`)

	adjectiveEnds   = strings.Fields("-based -free -level -wise -aware -specific -driven -like -agnostic")
	adjectiveStarts = strings.Fields("non- semi- quasi- multi- pre- sub- inter- hyper- self- cross-")

	// syllables of invented names.
	syllables = strings.Fields(`
		ba cor del fen gra hil jun kel lor mar nev ost pri qua ros sil tre ulm vex wol yar zen ash bri cla dro
		el fro gim har ix jo kra lum mi no or pel quin ri sta thu um ver wi xan yel zo`)

	emoji = []string{"🙂", "👍", "🎉", "🤔", "📈", "😅"}
)

// plural, thirdPerson, past and gerund inflect a regular word.

func plural(s string) string { return sibilant(s) }

func thirdPerson(s string) string { return sibilant(s) }

func sibilant(s string) string {
	switch {
	case strings.HasSuffix(s, "sis"):
		return s[:len(s)-2] + "es"
	case strings.HasSuffix(s, "s"), strings.HasSuffix(s, "x"), strings.HasSuffix(s, "z"),
		strings.HasSuffix(s, "sh"), strings.HasSuffix(s, "ch"):
		return s + "es"
	case consonantY(s):
		return s[:len(s)-1] + "ies"
	default:
		return s + "s"
	}
}

func past(s string) string {
	switch {
	case strings.HasSuffix(s, "e"):
		return s + "d"
	case consonantY(s):
		return s[:len(s)-1] + "ied"
	default:
		return s + "ed"
	}
}

func gerund(s string) string {
	if strings.HasSuffix(s, "e") && !strings.HasSuffix(s, "ee") {
		s = s[:len(s)-1]
	}
	return s + "ing"
}

func consonantY(s string) bool {
	n := len(s)
	return n > 1 && s[n-1] == 'y' && !strings.ContainsRune("aeiou", rune(s[n-2]))
}

// distinct drops the words of list that stand in it before.
func distinct(list []string) []string {
	seen := map[string]bool{}
	kept := list[:0]
	for _, w := range list {
		if !seen[w] {
			seen[w] = true
			kept = append(kept, w)
		}
	}
	return kept
}

func inflect(list []string, form func(string) string) []string {
	made := make([]string, len(list))
	for i, w := range list {
		made[i] = form(w)
	}
	return made
}
