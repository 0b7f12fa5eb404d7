"""What the shop sells: one table, which the admin manages."""

from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=50)
    cents = models.PositiveIntegerField()

    def __str__(self):
        return self.name
