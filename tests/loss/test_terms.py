import torch

from ganzoo.loss.terms import mean_terms, objective_names, total_loss


def test_a_players_loss_is_the_sum_of_its_terms():
    assert total_loss({"objective": torch.tensor(3.0), "penalty": torch.tensor(-1.0)}) == 2.0


def test_a_term_is_averaged_over_the_parts_that_have_it():
    one = {"objective": torch.tensor(1.0), "penalty": torch.tensor(4.0)}
    means = mean_terms([one, {"objective": torch.tensor(2.0)}])
    assert means == {"objective": 1.5, "penalty": 4.0}


def test_objectives_are_named_as_in_commands():
    names = objective_names()
    assert names == sorted(names)
    assert {"hinge", "non_saturating", "relativistic_pair", "wasserstein"} <= set(names)
    assert "weight_clipping" not in names
