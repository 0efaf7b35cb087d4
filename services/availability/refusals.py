"""The "no" of this service, each in words that a person can act on."""

from shared.refusals import Refusal


class SlotUnavailable(Refusal):
    """Ce créneau est complet, retiré ou déjà commencé : rafraîchissez la liste et choisissez-en un autre."""

    code = "slot_unavailable"


class SlotOverlaps(Refusal):
    """Le praticien a déjà un créneau à ce moment-là, ici ou ailleurs : changez l'heure, ou retirez l'autre."""

    code = "slot_overlaps"


class SlotBooked(Refusal):
    """Des patients y sont inscrits : dites s'ils sont gardés (`booked: keep`) ou annulés (`booked: cancel`)."""

    code = "slot_booked"


class GroupRefused(Refusal):
    """Une autre place du même groupe a été refusée : rien n'est fait pour ce groupe."""

    code = "group_refused"


class HoldExpired(Refusal):
    """Le délai pour confirmer est passé, la place est libérée : reprenez une place si le créneau en a encore."""

    code = "hold_expired"


class BookingSettled(Refusal):
    """Cette réservation n'est plus dans un état qui permet cette action."""

    code = "booking_settled"


class NotScheduledThere(Refusal):
    """Ce praticien n'exerce pas, ou plus, dans ce lieu : déclarez d'abord son lieu d'exercice."""

    code = "not_scheduled_there"
    status = 422


class InThePast(Refusal):
    """Ce créneau commence dans le passé : choisissez une heure à venir."""

    code = "in_the_past"
    status = 422


class PractitionerAway(Refusal):
    """Le praticien est absent à ce moment-là, ou son agenda est occupé : choisissez une autre heure."""

    code = "practitioner_away"


class OpeningOverlaps(Refusal):
    """Une ouverture hebdomadaire couvre déjà ces heures : changez-la, ou arrêtez-la d'abord."""

    code = "opening_overlaps"
