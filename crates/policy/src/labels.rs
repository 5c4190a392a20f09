//! What may be made of a label, and what it costs.

use crate::{Actor, Denied, ManageLabels, TenantPermit, decide_in_tenant};
use beffroi_domain::Label;

/// What a change destroys. Whoever asks is shown it first; where the body asks for four eyes (ID16), a second
/// person says yes to it (`requests.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    /// What is older than so many days goes, keys included.
    Forgets {
        /// Days that are kept from now on.
        days: u32,
    },
}

/// What is lost for good by making `before` into `after`.
pub fn danger(before: &Label, after: &Label) -> Option<Danger> {
    let days = after.retention_days?;
    before.retention_days.is_none_or(|former| days < former).then_some(Danger::Forgets { days })
}

/// May `actor` make `before` into `after`?
///
/// # Errors
/// `Role`; `MarkFloor` when a protective mark would demand less than it was shipped with.
pub fn decide_change(
    actor: &Actor,
    before: &Label,
    after: &Label,
) -> Result<TenantPermit<ManageLabels>, Denied> {
    let permit = decide_in_tenant::<ManageLabels>(actor)?;
    label_above_floor(before, after)?;
    Ok(permit)
}

/// May `actor` declare or withdraw the accreditation of this label?
///
/// # Errors
/// `Role`; `NotReserved` for a label that is open to everybody.
pub fn decide_accredit(actor: &Actor, label: &Label) -> Result<TenantPermit<ManageLabels>, Denied> {
    let permit = decide_in_tenant::<ManageLabels>(actor)?;
    label_accreditable(label)?;
    Ok(permit)
}

/// Is there anything to declare for this label, whoever asks?
///
/// # Errors
/// `NotReserved`.
pub fn label_accreditable(label: &Label) -> Result<(), Denied> {
    match label.reserved_by {
        Some(_) => Ok(()),
        None => Err(Denied::NotReserved { label: label.name.clone() }),
    }
}

/// A protective mark keeps its name, and demands at least what it was shipped with, whoever asks.
///
/// # Errors
/// `MarkFloor` with the first fact that would be laxer.
pub fn label_above_floor(before: &Label, after: &Label) -> Result<(), Denied> {
    let Some(floor) = before.floor() else { return Ok(()) };
    let laxer = [
        // The mark is the law's own word: under another nobody would know it.
        ("name", after.name != floor.name),
        ("guests", after.guests > floor.guests),
        ("federation", after.federation && !floor.federation),
        ("recording", after.recording && !floor.recording),
        ("download", after.download && !floor.download),
        ("second_factor", !after.second_factor && floor.second_factor),
        ("managed_device", !after.managed_device && floor.managed_device),
        ("end_to_end", !after.end_to_end && floor.end_to_end),
    ];
    match laxer.into_iter().find(|(_, laxer)| *laxer) {
        Some((fact, _)) => Err(Denied::MarkFloor { label: before.name.clone(), fact }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use beffroi_domain::{Guests, LabelChange};

    fn refused(before: &Label, change: LabelChange) -> Option<Denied> {
        label_above_floor(before, &before.changed(&change).unwrap()).err()
    }

    #[test]
    fn a_protective_mark_is_made_stricter_never_laxer() {
        let labels = Label::shipped();
        let (internal, mark) = (&labels[1], &labels[3]);
        let laxer: [(&str, LabelChange); 7] = [
            ("name", LabelChange { name: Some("DR".parse().unwrap()), ..LabelChange::default() }),
            ("guests", LabelChange { guests: Some(Guests::Meeting), ..LabelChange::default() }),
            ("federation", LabelChange { federation: Some(true), ..LabelChange::default() }),
            ("recording", LabelChange { recording: Some(true), ..LabelChange::default() }),
            ("download", LabelChange { download: Some(true), ..LabelChange::default() }),
            ("second_factor", LabelChange { second_factor: Some(false), ..LabelChange::default() }),
            ("managed_device", LabelChange { managed_device: Some(false), ..LabelChange::default() }),
        ];
        for (fact, change) in laxer {
            let label = mark.name.clone();
            assert_eq!(refused(mark, change.clone()), Some(Denied::MarkFloor { label, fact }), "{change:?}");
            assert_eq!(refused(internal, change), None);
        }
        let stricter = LabelChange {
            retention_days: Some(Some(30)),
            meeting_minutes: Some(Some(20)),
            ..LabelChange::default()
        };
        assert_eq!(refused(mark, stricter.clone()), None);
        // What was made stricter may come back to what was shipped, no further.
        let strict = mark.changed(&stricter).unwrap();
        let back = LabelChange { retention_days: Some(Some(90)), ..LabelChange::default() };
        assert_eq!(refused(&strict, back), None);
    }

    #[test]
    fn only_keeping_shorter_destroys() {
        let kept = |days: Option<u32>| Label { retention_days: days, ..Label::shipped().remove(1) };
        let cases = [
            (None, None, None),
            (None, Some(90), Some(Danger::Forgets { days: 90 })),
            (Some(90), Some(30), Some(Danger::Forgets { days: 30 })),
            (Some(90), Some(90), None),
            (Some(90), Some(91), None),
            (Some(90), None, None),
        ];
        for (before, after, expected) in cases {
            assert_eq!(danger(&kept(before), &kept(after)), expected, "{before:?} → {after:?}");
        }
    }
}
