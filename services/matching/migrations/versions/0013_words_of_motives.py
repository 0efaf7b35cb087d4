"""The words people use for motives, and those that say « appelez le 15 »: rows that each CPTS may change"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import IN_SCOPE, only_in_scope
from shared.typed.texts import plain

revision = "0013"
down_revision = "0012"

# What the first list had no motive for. The columns of 0001, then the ages they are for.
MOTIVES: tuple[tuple[str, str, list[str], list[str], int, int], ...] = (
    ("cold", "Rhume, covid, nez bouché", ["10", "21"], ["AMB", "VR"], 3, 24),
    ("baby", "Nourrisson : pleurs, repas, rejets", ["10"], ["AMB"], 1, 3),
    ("headache", "Mal de tête, migraine", ["10"], ["AMB", "VR"], 2, 12),
    ("dizziness", "Tension, vertiges, palpitations", ["10"], ["AMB"], 2, 12),
    ("tiredness", "Fatigue, perte de poids", ["10"], ["AMB", "VR"], 3, 24),
    ("digestion", "Digestion, constipation, hémorroïdes", ["10"], ["AMB", "VR"], 3, 24),
    ("joint_pain", "Douleur d'un membre ou d'une articulation", ["10", "70"], ["AMB", "VR"], 3, 24),
    ("injury", "Coup, chute, choc", ["10"], ["AMB"], 1, 3),
    ("burn", "Brûlure", ["10", "60"], ["AMB"], 1, 3),
    ("nosebleed", "Saignement de nez", ["10"], ["AMB"], 1, 3),
    ("abscess", "Abcès, panaris, ongle incarné", ["10"], ["AMB"], 2, 12),
    ("chest_pain", "Douleur dans la poitrine", ["10"], ["AMB"], 1, 3),
    ("contraception", "Contraception, IVG", ["50", "10"], ["AMB", "VR"], 2, 12),
    ("gynaecology", "Règles, pertes, mycose", ["50", "10"], ["AMB", "VR"], 3, 24),
    ("sti", "Infection sexuelle, dépistage", ["10", "50"], ["AMB", "VR"], 2, 12),
    ("urology", "Prostate, testicule, verge", ["10"], ["AMB"], 2, 12),
    ("breastfeeding", "Allaitement, suites de couches", ["50", "10"], ["AMB", "HH", "VR"], 2, 12),
    ("long_illness", "Suivi d'une maladie connue", ["10"], ["AMB", "VR"], 3, 24),
    ("addiction", "Alcool, tabac, addiction", ["10"], ["AMB", "VR"], 3, 24),
    ("results", "Résultats, courrier, avis", ["10"], ["AMB", "VR"], 4, 48),
    ("nursing", "Soins infirmiers, sonde, perfusion", ["60"], ["AMB", "HH"], 3, 24),
)
AGES = {"fever_child": (None, 15), "fever_adult": (16, None), "baby": (None, 2)}
WORDS = (
    (
        "fever_child",
        "petit fiévreux, petite fiévreuse, fils a 40, fille a 40, bébé 39, bébé 40, fièvre bébé, fièvre enfant, "
        "fièvre nourrisson, fièvre petit, fièvre fils, fièvre fille, bébé chaud, bébé brûlant, enfant chaud, "
        "enfant malade, température bébé, température enfant, enfant fiévreux, varicelle, scarlatine, rougeole, "
        "roséole, pieds mains bouche, bébé malade",
    ),
    (
        "fever_adult",
        "40, fièvre, température, grippe, frissons, état grippal, syndrome grippal, courbatures, fiévreux, 39, 39 "
        "de fièvre, 40 de fièvre, coup de chaleur, insolation, sueurs",
    ),
    (
        "respiratory",
        "toux, tousse, tousser, bronchite, asthme, crise d'asthme, essoufflement, essoufflé, souffle court, "
        "respire mal, mal à respirer, gêne respiratoire, sifflement, sifflements, siffle, glaires, crache, "
        "pneumonie, poumons, bpco, quinte, coqueluche, oppressé, encombré, encombrement",
    ),
    (
        "cold",
        "perte du goût, goût, rhume, enrhumé, covid, coronavirus, test covid, nez bouché, nez qui coule, "
        "sinusite, rhinite, sinus, éternue, rhume des foins, allergie au pollen, perte d'odorat, aphone, "
        "extinction de voix, enroué, voix cassée",
    ),
    (
        "sore_throat",
        "mal à la gorge, mal gorge, gorge, gorge rouge, gorge irritée, angine, test rapide, trod, amygdales, mal "
        "en avalant, avale mal, ganglions, laryngite, pharyngite, angine blanche",
    ),
    (
        "ear_pain",
        "mal à l'oreille, oreille, oreilles, otite, oreille bouchée, bouchon oreille, bouchon de cire, oreille "
        "qui coule, acouphènes, entend mal, surdité, douleur oreille",
    ),
    (
        "wound",
        "plaie, coupure, coupé, entaille, points, points de suture, suture, recoudre, ouvert le front, ouvert le "
        "menton, arcade, morsure, mordu, morsure de chien, griffure, écharde, hameçon, blessure, doigt coupé, "
        "clou, saigne",
    ),
    (
        "sprain",
        "entorse, cheville, cheville tordue, tordu la cheville, foulure, foulé, traumatisme, poignet tordu, genou "
        "tordu, luxation, doigt retourné, claquage",
    ),
    (
        "injury",
        "chute, tombé, coup, choc, bosse, hématome, bleu, fracture, cassé, bras cassé, côte, côtes, écrasé, doigt "
        "coincé, accident, accident de travail, accident de sport, coup du lapin, contusion",
    ),
    (
        "cystitis",
        "cystite, pipi, brûlure urinaire, brûlures urinaires, infection urinaire, brûle en urinant, brûlures en "
        "urinant, mal en urinant, mal pipi, envie de pipi, brûlure pipi, urine, urines, uriner, sang dans les "
        "urines, mal en faisant pipi, urinaire, vessie",
    ),
    (
        "back_pain",
        "mal au dos, mal de dos, dos, dos bloqué, douleur dos, sciatique, lumbago, reins, mal aux reins, tour de "
        "reins, torticolis, cou bloqué, mal au cou, cervicales, nuque, hernie discale, lombaires, cruralgie, "
        "coincé le dos",
    ),
    (
        "abdominal_pain",
        "diaré, diarée, mal au ventre, ventre, gastro, gastro-entérite, vomit, vomi, vomissements, vomir, "
        "diarrhée, diarrhées, nausées, nausée, mal au cœur, envie de vomir, crampes ventre, colique, mal à "
        "l'estomac, estomac, indigestion, intoxication alimentaire, colique néphrétique, calculs, appendicite, "
        "bébé vomit, sang dans les selles",
    ),
    (
        "digestion",
        "constipation, constipé, hémorroïdes, reflux, brûlures d'estomac, brûlure d'estomac, remontées acides, "
        "aigreurs, ballonnements, ballonné, gaz, digère mal, intestin",
    ),
    (
        "skin",
        "bouton, boutons, éruption, plaques, plaques rouges, rougeurs, gratte, démangeaisons, démange, allergie, "
        "zona, urticaire, tique, piqûre de tique, piqûre, piqûre d'insecte, piqûre de guêpe, eczéma, psoriasis, "
        "acné, gale, poux, mycose peau, herpès, impétigo, verrue, grain de beauté, coup de soleil, peau, "
        "érysipèle, bouton de fièvre, dermatologue, punaises de lit",
    ),
    (
        "eye",
        "lentille, allergie yeux, œil, œil rouge, yeux, yeux rouges, yeux qui coulent, yeux collés, "
        "conjonctivite, orgelet, compère loriot, mal à l'œil, mal aux yeux, corps étranger œil, poussière dans "
        "l'œil, paupière, paupière gonflée, vue trouble, voit trouble",
    ),
    (
        "dental_pain",
        "infection dentaire, infection dent, mal aux dents, mal de dents, dent, dents, dentiste, rage de dents, "
        "abcès dentaire, abcès dent, dent cassée, gencive, gencives, carie, dent de sagesse, couronne, mâchoire, "
        "aphte",
    ),
    (
        "pregnancy",
        "grossesse, enceinte, contractions, sage-femme, femme enceinte, saignements enceinte, nausées enceinte, "
        "test de grossesse, douleur grossesse, bébé bouge moins, retard de règles",
    ),
    (
        "breastfeeding",
        "allaitement, allaite, sein, seins, mastite, crevasses, suites de couches, accouchement récent, lait, "
        "montée de lait, boule au sein",
    ),
    (
        "contraception",
        "contraception, pilule, ivg, avortement, avorter, pilule du lendemain, stérilet, implant, rapport non "
        "protégé, rapport à risque, oubli de pilule, préservatif",
    ),
    (
        "gynaecology",
        "démangeaisons vaginales, infection vaginale, brûlure intime, règles, règles douloureuses, mal aux "
        "règles, pertes, mycose, mycose vaginale, gynéco, gynécologue, saignement gynécologique, frottis, "
        "ménopause, bouffées de chaleur, pertes blanches, démangeaisons intimes",
    ),
    (
        "sti",
        "ist, mst, dépistage, vih, sida, hiv, chlamydia, syphilis, prep, traitement post exposition, écoulement",
    ),
    (
        "urology",
        "prostate, testicule, testicules, verge, sexe, n'arrive plus à uriner, prépuce, érection",
    ),
    (
        "dressing",
        "pansement, pansements, soin, retirer les fils, fils, agrafes, ablation de fils, enlever les points, "
        "retirer les points, changer le pansement, escarre, ulcère, plaie chronique",
    ),
    (
        "nursing",
        "infirmier, infirmière, soin infirmier, soins infirmiers, soins à domicile, sonde, sonde urinaire, "
        "perfusion, poche, pilulier, toilette, glycémie, lavement",
    ),
    (
        "injection",
        "injection, piqûre vaccin, prise de sang, bilan sanguin, bilan, vaccin, vaccination, rappel vaccin, "
        "vaccin grippe, vaccin covid, anticoagulant, insuline, laboratoire, analyses",
    ),
    (
        "renewal",
        "renouvellement, renouveler, ordonnance, renouvellement ordonnance, traitement, plus de médicaments, "
        "médicaments, plus de traitement, médicament, ordonnance perdue, ventoline, lévothyrox, méthadone",
    ),
    (
        "certificate",
        "certificat, certificat médical, arrêt, arrêt de travail, arrêt maladie, prolongation, certificat sport, "
        "certificat école, mdph, licence, aptitude, accident du travail papiers, enfant malade certificat, "
        "papiers, attestation",
    ),
    (
        "mental_distress",
        "burnout, suicide, suicidaire, angoisse, angoisses, anxiété, stress, psy, psychologue, psychiatre, "
        "déprime, dépression, mal-être, insomnie, insomnies, dort pas, ne dort plus, pleure, burn out, crise "
        "d'angoisse, panique, deuil, idées noires, harcèlement, moral, troubles du sommeil, sommeil, violences, "
        "spasmophilie",
    ),
    (
        "home_visit",
        "visite, visite à domicile, à domicile, ne peut pas se déplacer, alité, ehpad, maison de retraite, "
        "personne âgée, grabataire, fin de vie, soins palliatifs",
    ),
    (
        "physiotherapy",
        "kiné, kinésithérapie, kinésithérapeute, kiné respiratoire, bronchiolite, rééducation",
    ),
    (
        "baby",
        "biberon, lait bébé, nourrisson, bébé, bébé pleure, pleurs, bébé ne mange pas, ne tète plus, coliques "
        "bébé, rejets, régurgitations, bébé reflux, érythème fessier, poussée dentaire, bébé tousse, bébé "
        "encombré, bébé constipé, bébé diarrhée, pédiatre",
    ),
    (
        "headache",
        "mal de tête, mal à la tête, tête, migraine, migraines, maux de tête, céphalée, céphalées, crâne",
    ),
    (
        "dizziness",
        "évanouissement, évanoui, perte de connaissance, tension, tension élevée, tension basse, hypertension, "
        "hypotension, vertige, vertiges, tête qui tourne, étourdissements, palpitations, cœur bat vite, cœur qui "
        "bat vite, tachycardie, malaise, jambes gonflées, œdème jambes, cœur",
    ),
    (
        "tiredness",
        "fatigue, fatiguée, épuisé, épuisement, asthénie, perte de poids, maigrit, amaigrissement, perte "
        "d'appétit, ne mange plus, faible, faiblesse, anémie, mange pas",
    ),
    (
        "joint_pain",
        "phlébite, mollet gonflé, mal au genou, genou, mal à l'épaule, épaule, mal au bras, bras, mal à la jambe, "
        "jambe, jambes, mal au pied, pied, mal au coude, coude, mal à la hanche, hanche, mal au poignet, poignet, "
        "mal à la main, main, doigt, orteil, mollet, articulation, articulations, arthrose, arthrite, goutte, "
        "tendinite, crampe, crampes, rhumatisme, rhumatismes, muscle, mal partout, boite, fourmillements, douleur "
        "genou, douleur épaule, talon, canal carpien",
    ),
    (
        "burn",
        "brûlure, brûlé, brûlée, ébouillanté, eau bouillante, brûlé la main, brûlure four, huile chaude",
    ),
    (
        "nosebleed",
        "saigne du nez, saignement de nez, nez qui saigne, épistaxis, saigne nez",
    ),
    (
        "abscess",
        "abcès, panaris, furoncle, ongle incarné, kyste, bouton infecté, infection doigt, kyste infecté, infecté, pus",
    ),
    (
        "chest_pain",
        "douleur thoracique, douleur poitrine, mal à la poitrine, douleur au cœur, mal au cœur poitrine, point de côté",
    ),
    (
        "long_illness",
        "diabète, diabétique, sucre, hyperglycémie, hypoglycémie, cholestérol, thyroïde, suivi, ald, parkinson, "
        "épilepsie, insuffisance cardiaque, maladie chronique, cancer, maladie connue, alzheimer, mémoire",
    ),
    (
        "addiction",
        "alcool, tabac, arrêter de fumer, addiction, cannabis, sevrage, drogue, cigarette, boit, substitution",
    ),
    (
        "results",
        "résultats, résultat, résultats prise de sang, courrier, lettre spécialiste, avis, radio, irm, scanner, "
        "lire les analyses, prescription radio, bon de transport",
    ),
    (
        "other",
        "autre, autre chose, consultation, médecin, rendez-vous, conseil, question",
    ),
)
ALARMS = (
    (
        "Ne déplacez pas la personne et restez auprès d'elle. Dites au 15 depuis quand elle a mal.",
        "douleur thoracique, douleur poitrine, mal poitrine, serre la poitrine, poitrine serrée, oppression "
        "poitrine, pression poitrine, douleur thorax, mal thorax, douleur bras gauche, mal bras gauche, bras "
        "gauche engourdi, douleur bras mâchoire, étau poitrine, brûlure poitrine, infarctus, crise cardiaque, "
        "douleur cœur, arrêt cardiaque, cœur arrêté",
    ),
    (
        "Ne déplacez pas la personne et restez auprès d'elle. Notez l'heure du début.",
        "avc, bouche déviée, bouche tordue, bouche de travers, visage déformé, visage paralysé, moitié du visage, "
        "paralysie, paralysé, hémiplégie, ne parle plus, n'arrive plus à parler, parle mal soudain, bras "
        "paralysé, bras ne bouge plus, jambe paralysée, perte de la vue, ne voit plus, perte de vision, voit "
        "double, mal de tête brutal, mal de tête soudain, mal de tête coup de tonnerre, confus, confusion, "
        "désorienté, propos incohérents",
    ),
    (
        "Ne déplacez pas la personne et restez auprès d'elle. Faites-la respirer assise, si elle le peut.",
        "n'arrive plus à respirer, n'arrive pas à respirer, ne respire plus, ne respire pas, peut plus respirer, "
        "peine à respirer, étouffe, étouffement, suffoque, lèvres bleues, lèvres violettes, bleu respirer, "
        "détresse respiratoire, grosse crise asthme, avalé de travers bleu, s'étrangle, fausse route, crache du "
        "sang, essoufflé au repos",
    ),
    (
        "Allongez la personne sur le côté et restez auprès d'elle.",
        "inconscient, inconsciente, perte de connaissance, perdu connaissance, perd connaissance, évanoui, "
        "évanouie, évanouissement, syncope, ne répond plus, ne réagit plus, ne se réveille pas, convulsion, "
        "convulsions, convulse, crise épilepsie, crise convulsive, somnolent, coma",
    ),
    (
        "Appuyez fort sur la plaie avec un linge propre.",
        "hémorragie, saigne beaucoup, saigne abondamment, ne s'arrête pas de saigner, saigne arrête pas, sang "
        "partout, vomit du sang, vomi sang, vomissement sang, amputation, doigt arraché, doigt sectionné, membre "
        "arraché, coup de couteau, plaie profonde cou, sang noir selles",
    ),
    (
        "Restez avec la personne. Le 3114 répond aussi, jour et nuit.",
        "suicide, suicidaire, envie de mourir, veut mourir, veut se tuer, se suicider, se tuer, tentative de "
        "suicide, scarifié, idées suicidaires, envie d'en finir, veut en finir, me tuer",
    ),
    (
        "Gardez l'emballage de ce qui a été pris.",
        "surdose, overdose, avalé des médicaments, trop de médicaments, avalé médicaments, avalé produit, a bu de "
        "la javel, avalé javel, avalé pile, intoxication monoxyde, intoxication médicaments, empoisonnement, "
        "monoxyde, avalé champignons, avalé produit ménager",
    ),
    (
        "Ne la laissez pas seule. Dites au 15 ce qui a été mangé, pris ou piqué.",
        "gonflement visage, visage gonflé, langue gonflée, langue gonfle, gorge gonfle, gorge gonflée, gorge "
        "serrée allergie, lèvres gonflées, œdème quincke, quincke, choc allergique, choc anaphylactique, "
        "anaphylaxie, allergie respire mal, allergie grave",
    ),
    (
        "Ne la faites pas bouger. Dites au 15 son âge et sa température.",
        "nuque raide, raideur nuque, raideur de la nuque, taches violettes, taches rouges ne s'effacent pas, "
        "purpura, méningite, bébé mou, bébé très mou, bébé gris, bébé bleu, bébé ne réagit pas, fièvre "
        "nouveau-né, fièvre bébé semaines, fièvre nourrisson semaines, fièvre bébé 1 mois, fièvre bébé 2 mois, "
        "fièvre nourrisson 1 mois, fièvre nourrisson 2 mois, nouveau-né fièvre, bébé geint, bébé secoué",
    ),
    (
        "Allongez-la sur le côté gauche.",
        "accouche, accoucher, perd les eaux, perte des eaux, poche des eaux, enceinte saigne, saignement "
        "enceinte, saignements enceinte, saigne grossesse, enceinte mal de tête, enceinte convulsion, bébé ne "
        "bouge plus",
    ),
    (
        "Ne la déplacez pas.",
        "trauma crânien, traumatisme crânien, choc à la tête vomit, coup tête vomit, tombé tête vomit, chute tête "
        "inconscient, accident de voiture, accident de moto, accident voie publique, renversé voiture, tombé du "
        "toit, tombé échelle, grande hauteur, défenestré, fracture ouverte, os visible, électrocuté, "
        "électrocution, électrisé, noyade, noyé, brûlure étendue, brûlure visage, brûlé visage, grave brûlure, "
        "explosion",
    ),
    (
        "Ne lui donnez ni à boire ni à manger.",
        "douleur testicule, mal testicule, testicule douloureux, ventre dur comme du bois, douleur insupportable, "
        "douleur atroce, malaise diabétique, hypoglycémie inconscient",
    ),
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    bind = op.get_bind()
    for name in ("min_age", "max_age"):
        op.add_column("motive", sa.Column(name, sa.Integer(), nullable=True), schema="matching")
    for table in ("motive_word", "alarm_word"):
        op.create_table(
            table,
            *(sa.Column(name, sa.Text(), nullable=False) for name in ("cpts_id", "key", "words", "means")),
            sa.PrimaryKeyConstraint("cpts_id", "key", name=op.f(f"pk_{table}")),
            schema="matching",
        )
    _fill(bind)
    # What is everyone's is written by migrations alone.
    for table in ("motive_word", "alarm_word"):
        for statement in only_in_scope(
            f"matching.{table}", visible="cpts_id = ''", writable=IN_SCOPE.format(column="cpts_id")
        ):
            op.execute(statement)


def _fill(bind: sa.Connection) -> None:
    """The motives, the words of the first list, then those of this one."""
    known = [
        (code, word)
        for code, words in bind.execute(sa.text("select code, synonyms from matching.motive"))
        for word in words
    ]
    op.drop_column("motive", "synonyms", schema="matching")
    motive = sa.text(
        "insert into matching.motive (code, label, professions, modes, urgency, window_hours, validated)"
        " values (:code, :label, :professions, :modes, :urgency, :window_hours, false) on conflict do nothing"
    )
    columns = ("code", "label", "professions", "modes", "urgency", "window_hours")
    for each in MOTIVES:
        bind.execute(motive, dict(zip(columns, each, strict=True)))
    ages = sa.text("update matching.motive set min_age = :least, max_age = :most where code = :code")
    for code, (least, most) in AGES.items():
        bind.execute(ages, {"code": code, "least": least, "most": most})
    for table, said in (("motive_word", [*_each(WORDS), *known]), ("alarm_word", _each(ALARMS))):
        word = sa.text(
            f"insert into matching.{table} (cpts_id, key, words, means)"  # noqa: S608  a name of ours
            " values ('', :key, :words, :means) on conflict do nothing"
        )
        for means, words in said:
            bind.execute(word, {"key": plain(words), "words": words, "means": means})


def _each(said: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(means, each.strip()) for means, words in said for each in words.split(",") if each.strip()]
